from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

from lamina.core.errors import ArtifactError, ConfigError, DataError
from lamina.data.source import read
from lamina.network.keys import declared_keys
from lamina.runs.record import (
    check_config,
    check_unchanged,
    check_versions,
    command_again,
    command_of,
    origin,
    read_record,
)
from lamina.runs.run import Finished, read_every


def test_config_toml_has_every_key_resolved(finished: Finished):
    stored = tomllib.loads((finished.folder / "config.toml").read_text())
    foreign = {"quantiles", "image_size", "augment", "test_time_augmentation"}  # of others' tasks and inputs
    owners = ("the run", "roles", "the split", "training", "task=binary, task=multiclass", "table inputs")
    keys = {key.field.name for owner in owners for key in declared_keys()[owner]}
    assert keys | {"size", "depth", "activation"} <= set(stored) and not foreign & set(stored)
    expected = {"epochs": 2, "model": "mlp", "size": 8, "depth": 2, "task": "binary", "batch_size": 32}
    assert {name: stored[name] for name in expected} == expected
    assert (
        stored["loss"] == "cross_entropy" and stored["checkpoint_every"] == "60s" and stored["clip"] == "none"
    )
    assert stored["run"]["target"] == ["sold"] and stored["run"]["command"].startswith("lamina fit ")
    assert stored["data"]["rows"] == 240 and len(stored["data"]["sha256"]) == 64
    assert stored["versions"]["lamina"] and stored["given"]["drop"] == ["price"]


def test_a_record_is_read_back(finished: Finished):
    record = read_record(finished.folder / "config.toml")
    again = finished.folder.parent / "again.toml"
    again.write_bytes(record.to_bytes())
    assert read_record(again) == record


def test_damaged_records_are_named(tmp_path: Path):
    with pytest.raises(ArtifactError, match="not a run folder: it has no config"):
        read_record(tmp_path / "config.toml")
    for text in ("", "a = ", "[run]\ntarget = 3", "\x00"):
        (tmp_path / "config.toml").write_text(text)
        with pytest.raises(ArtifactError, match="cannot be read"):
            read_record(tmp_path / "config.toml")


def test_data_that_changed_are_refused(tmp_path: Path, houses: Path):
    path = tmp_path / "houses.csv"
    path.write_text(houses.read_text())
    stored = origin(read(str(path)))
    check_unchanged(stored, read(str(path)))
    path.write_text(houses.read_text().replace("flat", "loft"))
    with pytest.raises(DataError, match="changed since the run began"):
        check_unchanged(stored, read(str(path)))


def test_data_from_memory_have_no_path():
    assert set(origin(read({"x": [1, 2], "y": [3, 4]}))) == {"source", "rows", "columns"}


def test_an_edited_key_is_refused():
    check_config(
        {"lr": 0.1, "clip": "none", "time_limit": 9}, {"lr": 0.1, "clip": None, "time_limit": 5}, Path("c")
    )
    with pytest.raises(ConfigError, match="the key lr is not that of the run"):
        check_config({"lr": 0.2}, {"lr": 0.1}, Path("c"))


def test_other_versions_are_said(finished: Finished):
    record = read_record(finished.folder / "config.toml")
    said: list[str] = []
    check_versions(record, said.append)
    assert not said
    check_versions(dataclasses.replace(record, versions={"jax": "0.0.1", "gone": "1"}), said.append)
    assert "jax 0.0.1 → " in said[0] and "gone" not in said[0]
    with pytest.raises(
        ConfigError, match=r"(?s)versions changed since the run began \(jax 0.0.1.*--accept-versions"
    ):
        check_versions(dataclasses.replace(record, versions={"jax": "0.0.1"}), said.append, accept=False)


def test_the_fingerprint_leaves_out_what_changes_no_weight(finished: Finished):
    record = read_record(finished.folder / "config.toml")
    names = record.fingerprint()
    assert "the key lr" in names and "the data" in names
    assert "the key time_limit" not in names and "the key checkpoint_every" not in names


def test_command_of_arrays():
    assert (
        command_of("<arrays>", ["target"], {"model": "mlp"})
        == "lamina fit '<arrays>' --target target model=mlp"
    )


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("lamina fit a.csv --target y --out runs/a lr=0.1", "lamina fit a.csv --target y lr=0.1"),
        ("lamina fit a.csv --out=runs/a --json", "lamina fit a.csv --json"),
        ("lamina fit /home/me/data/a.csv --test=/home/me/b.csv", "lamina fit data/a.csv --test=b.csv"),
        ("lamina fit '/home/me/a b.csv' --test /home/mean/b", "lamina fit 'a b.csv' --test /home/mean/b"),
        ("lamina fit /data/a.csv --target y", "lamina fit /data/a.csv --target y"),
        ("lamina fit /home/me/ --out", "lamina fit /home/me/"),
        ("lamina fit 'a", "lamina fit 'a"),
    ],
)
def test_a_command_to_be_typed_once_more(typed: str, again: str):
    assert command_again(typed, "/home/me") == again
    assert command_again(again, "/home/me") == again


def test_without_a_folder_it_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert command_again(f"lamina fit {tmp_path}/a.csv --out {tmp_path}/run") == "lamina fit a.csv"


@pytest.mark.parametrize("value", ["0", "-1", "abc", "0s", "5 apples", "1.5"])
def test_checkpoint_every_that_cannot_be_read(value: str):
    with pytest.raises(ConfigError, match="checkpoint_every cannot be read"):
        read_every(value)
