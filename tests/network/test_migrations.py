"""An artifact of an older format becomes one of the present format, step by step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.faults.artifacts import frame, network

from lamina.core import manifest, storage
from lamina.core.errors import ArtifactError
from lamina.network.artifact import CONFIG, SCHEMA, to_files
from lamina.network.load import load
from lamina.network.migrations import MIGRATIONS, Documents, migrate

SAVED = Path(__file__).parent / "saved"  # by format 1


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a format 0 that never was: options and architecture stood in the config itself."""
    net = network()
    files = to_files(net)
    config = json.loads(files[CONFIG])
    config["architecture"] = config.pop("model")
    config["architecture"]["class"] = config["architecture"].pop("name")
    files["columns.json"] = files.pop(SCHEMA)
    monkeypatch.setattr(manifest, "FORMAT_VERSION", 0)
    return storage.write_folder(tmp_path / "net", {**files, CONFIG: manifest.to_json(config)})


def renamed(documents: Documents) -> Documents:
    config = dict(documents[CONFIG])
    model = config.pop("architecture")
    config["model"] = {"name": model["class"], "options": model["options"]}
    return {CONFIG: config, SCHEMA: documents["columns.json"]}


def test_an_artifact_of_an_older_format_loads(folder, monkeypatch):
    monkeypatch.setattr(manifest, "FORMAT_VERSION", 1)
    monkeypatch.setitem(MIGRATIONS, 0, renamed)
    found = load(folder)
    assert found.model_name == "mlp"
    assert np.array_equal(found.predict_proba(frame()), network().predict_proba(frame()))


def test_a_format_that_is_too_old_is_refused(folder, monkeypatch):
    monkeypatch.setattr(manifest, "FORMAT_VERSION", 1)
    with pytest.raises(
        ArtifactError, match=r"(?s)net: was written by an older Lamina.*expected format 1 to 1, got 0"
    ):
        load(folder)


def test_a_migration_that_is_wrong_is_no_traceback(folder, monkeypatch):
    monkeypatch.setattr(manifest, "FORMAT_VERSION", 1)
    monkeypatch.setitem(MIGRATIONS, 0, lambda documents: documents[SCHEMA])
    with pytest.raises(ArtifactError, match="net: does not hold a network"):
        load(folder)


def test_steps_are_taken_in_order(monkeypatch):
    monkeypatch.setattr(manifest, "FORMAT_VERSION", 4)
    for version in (1, 2, 3):
        monkeypatch.setitem(
            MIGRATIONS, version, lambda seen, version=version: seen | {str(version): len(seen)}
        )
    assert migrate({}, 1) == {"1": 0, "2": 1, "3": 2}
    assert migrate({}, 3) == {"3": 0}
    assert migrate({}, 4) == {}
    with pytest.raises(ArtifactError, match="expected format 1 to 4, got 0"):
        migrate({}, 0)


def test_every_format_has_its_step():
    assert sorted(MIGRATIONS) == list(
        range(manifest.FORMAT_VERSION - len(MIGRATIONS), manifest.FORMAT_VERSION)
    )


@pytest.mark.parametrize("name", ["table", "quantiles", "image"])
@pytest.mark.filterwarnings("ignore:1 of 80 rows:lamina.core.errors.LaminaWarning")
def test_networks_of_format_1_load_and_answer_as_they_did(name):
    known = np.load(SAVED / f"{name}.npz")
    data = known["images"] if name == "image" else str(SAVED / "table.csv")
    found = load(SAVED / name)
    np.testing.assert_allclose(found.outputs(data), known["outputs"], rtol=1e-5, atol=1e-6)
    predicted = found.predict(data)
    if name == "quantiles":
        np.testing.assert_allclose(predicted, known["labels"], rtol=1e-5, atol=1e-6)
    else:
        assert (predicted == known["labels"]).all()
