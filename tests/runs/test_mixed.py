"""A table of numbers and images goes the whole way: fit, kill, resume, load, predict, evaluate, report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lamina
from lamina.cli.main import main
from lamina.core.errors import ArtifactError, ConfigError, DataError, LaminaWarning, ShapeError
from lamina.core.module import Module
from lamina.data.source import read
from lamina.network.fuse import read_networks
from lamina.runs.resume import resume
from lamina.runs.start import start_run
from lamina.train.loop.callbacks import Callback

ROWS = 240
NETWORKS = "photo:lenet,table:mlp"
KEYS = {"networks": NETWORKS, "epochs": 15, "lr": 0.01, "batch_size": 32, "size": 16, "augment": "flip"}


def write(folder: Path, *, absent: float = 0.0) -> Path:
    """Write a table whose label is whether image and number agree: neither tells anything alone."""
    random = np.random.default_rng(0)
    (folder / "images").mkdir(exist_ok=True)
    lines = ["photo,number,kind,label"]
    for row in range(ROWS):
        top, right = random.integers(0, 2, 2)
        pixels = random.integers(0, 80, (12, 12)).astype(np.uint8)
        half = slice(0, 6) if top else slice(6, 12)
        pixels[half] += 150
        Image.fromarray(pixels).save(folder / "images" / f"{row}.png")
        path = "" if random.random() < absent else f"images/{row}.png"
        number = (1 if right else -1) + 0.3 * random.normal()
        lines.append(f"{path},{number:.3f},{'uvw'[row % 3]},{('no', 'yes')[top ^ right]}")
    (folder / "agree.csv").write_text("\n".join(lines) + "\n")
    return folder / "agree.csv"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("agree"))


@pytest.fixture(scope="module")
def run(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the command line with its report."""
    out = tmp_path_factory.mktemp("run") / "whole"
    words = [f"{name}={value}" for name, value in KEYS.items()]
    assert main(["fit", str(table), "--target", "label", "--out", str(out), *words]) == 0
    return out


@pytest.mark.slow
def test_both_blocks_together_give_the_label(run: Path, table: Path, capsys: pytest.CaptureFixture[str]):
    capsys.readouterr()
    assert main(["evaluate", str(run), str(table), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["accuracy"] > 0.9
    assert main(["predict", str(run), str(table)]) == 0
    assert set(capsys.readouterr().out.split()[1:]) == {"no", "yes"}
    assert main(["describe", str(run)]) == 0
    said = capsys.readouterr().out
    assert "photo (image), number (numeric), kind (category)" in " ".join(said.split())
    assert "photo: lenet" in " ".join(said.split())


def test_the_report_says_what_each_block_brings(run: Path):
    page = (run / "report.html").read_text()
    for title in ("What each block brings", "What it saw: photo", "What it leans on"):
        assert title in page
    figures = {path.stem for path in (run / "figures").iterdir()}
    assert {"block_importance", "image_samples", "first_filters", "column_importance"} <= figures


def test_defaults_are_written_out_and_say_why(run: Path):
    stored = json.loads((run / "network" / "config.json").read_text())
    networks = stored["model"]["options"]["networks"]
    views = {"test_time_augmentation": "flip"}  # as augment=flip asks for
    assert networks["photo"] == {"model": "lenet", "size": 6, "activation": "tanh", **views}
    body = {"size": 256, "depth": 2, "activation": "relu", "dropout": 0.0, "embedding": "none"}
    assert networks["table"] == {"model": "mlp", **body}
    assert stored["model"]["options"]["size"] == 16 and stored["config"]["networks"] == networks
    assert stored["info"]["model_reason"] == (
        "fusion of photo (lenet: you asked for it) and table (mlp: you asked for it)"
    )


class At(Callback):
    def __init__(self, chunk: int):
        self.left = chunk

    def on_chunk_end(self, step: int, run: object) -> None:
        self.left -= 1
        if not self.left:
            raise Killed


class Killed(BaseException):
    """What kill -9 looks like to the files: nothing more is written."""


def test_a_killed_run_ends_with_the_same_bytes(
    run: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)
    keys = {**KEYS, "checkpoint_every": 1}
    with pytest.raises(Killed):
        start_run(read(str(table)), target="label", keys=keys, out=tmp_path / "run", callbacks=[At(9)])
    assert resume(tmp_path / "run") is not None
    for name in ("model.safetensors", "schema.json"):
        assert (tmp_path / "run/network" / name).read_bytes() == (run / "network" / name).read_bytes()


@pytest.mark.slow
def test_rows_without_an_image_are_trained_on_and_predicted(tmp_path: Path):
    net = lamina.fit(str(write(tmp_path, absent=0.2)), target="label", **KEYS)
    with_image = str(tmp_path / "images" / "0.png")
    found = net.predict_proba({"photo": [None, with_image], "number": [1.0, 1.0], "kind": ["u", "u"]})
    alone = net.predict_proba({"photo": [None], "number": [1.0], "kind": ["u"]})
    np.testing.assert_allclose(found[0], alone[0], rtol=1e-4)
    assert np.abs(found[1] - 0.5).max() > np.abs(found[0] - 0.5).max()
    with pytest.raises(DataError, match="there are no images"):
        net.predict({"number": [1.0], "kind": ["u"]})
    with pytest.raises(DataError, match="column 'number' and 1 more are absent"):
        net.predict({"photo": [with_image]})


def test_a_damaged_network_is_refused_by_its_place(run: Path, table: Path, tmp_path: Path):
    from lamina.core import manifest
    from lamina.network.load import from_files

    version, files = manifest.read_versioned(run / "network")
    stored = json.loads(files["config.json"])
    for damage, message in (
        ({"photo": {"model": "lenet", "size": 1 << 40}}, "model.options.networks.photo.size"),
        ({"photo": {"model": "nonet"}}, "nonet"),
        ({"photo": {"model": ["lenet"]}}, "model.options.networks.photo.model"),
        ({"foto": {"model": "lenet"}}, "no block is called 'foto'"),
    ):
        stored["model"]["options"]["networks"] = damage
        changed = {**files, "config.json": manifest.to_json(stored)}
        with pytest.raises(ArtifactError) as caught:
            from_files(changed, version, place=tmp_path)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model": "mlp"}, "model 'mlp' is not for several blocks of inputs (photo, table)"),
        ({"networks": "foto:lenet"}, "networks: no block is called 'foto' (did you mean 'photo'?)"),
        ({"networks": "photo:mlp"}, "model 'mlp' is not for the block 'photo'; expected one of airbench"),
        ({"networks": "lenet"}, "networks cannot be read"),
        ({"networks": "{"}, "networks cannot be read"),
        ({"networks": {"photo": {"model": "lenet", "dpth": 1}}}, "model 'lenet' of block 'photo' has no"),
        (
            {"networks": "photo:lenet,table:mlp", "activation": "relu"},
            "key 'activation' is one of several models: those of photo and table",
        ),
        ({"patch": 4}, "; this run's model is fusion"),
        ({"augment": "mixup"}, "an augmentation of 'photo' mixes two examples"),
        ({"read_as": "number:image"}, "read_as: column 'number' cannot be read as image"),
        ({"read_as": "number:sound"}, "read_as: no modality is called 'sound'"),
    ],
)
def test_what_cannot_be_is_refused_with_words(table: Path, keys: dict, message: str):
    with pytest.raises((ConfigError, DataError)) as caught:
        lamina.fit(str(table), target="label", epochs=1, **keys)
    assert message in str(caught.value)


@pytest.mark.slow
def test_a_key_that_one_model_has_is_that_models(table: Path):
    keys = {"networks": "photo:lenet,table:tabm-mini", "embedding_width": "4", "activation": "relu"}
    net = lamina.fit(str(table), target="label", epochs=1, size=8, **keys)
    networks = net.options["networks"]
    assert networks["table"]["embedding_width"] == 4 and networks["photo"]["activation"] == "relu"
    again = lamina.fit(str(table), target="label", epochs=1, size=8, networks=networks)
    np.testing.assert_array_equal(net.predict_proba(str(table)), again.predict_proba(str(table)))


def test_networks_are_read_in_three_ways():
    blocks = ["photo", "table", "a:b"]
    whole = {"photo": {"model": "resnet", "size": 34}}
    assert read_networks(json.dumps(whole), blocks) == read_networks(whole, blocks) == whole
    assert read_networks("a:b:mlp, photo:vit", blocks) == {"a:b": {"model": "mlp"}, "photo": {"model": "vit"}}
    assert read_networks(None, blocks) == read_networks("auto", blocks) == {}


def test_what_was_read_as_something_else_is_read_so_again(table: Path, tmp_path: Path):
    net = lamina.fit(
        str(table), target="label", read_as=["photo:table"], keep="photo", model="mlp", size=8, epochs=1
    )
    assert {(c.name, c.modality) for c in net.schema.inputs} >= {("photo", "table")}
    net.save(tmp_path / "net")
    again = lamina.load(tmp_path / "net")
    with pytest.warns(LaminaWarning, match="categories that training never saw: photo"):  # the held-out rows
        np.testing.assert_array_equal(again.predict(str(table)), net.predict(str(table)))


class Both(Module):
    """One linear map of everything."""

    weight: np.ndarray

    def __call__(self, x, *, key=None, train=False):
        photo = x["photo"].reshape(len(x["photo"]), -1).astype(np.float32) / 255
        return x["table"]["numeric"] @ self.weight[:1] + photo @ self.weight[1:]


class OfArrays(Both):
    def __call__(self, x, *, key=None, train=False):
        return x.reshape(len(x), -1) @ self.weight


def test_a_model_of_your_own_takes_the_dict_of_blocks(table: Path):
    weight = np.zeros((1 + 144, 1), np.float32)
    net = lamina.fit(str(table), target="label", model=Both(weight), epochs=2)
    assert net.model_name == "Both" and len(net.predict(str(table))) == ROWS
    with pytest.raises(ShapeError) as caught:
        lamina.fit(str(table), target="label", model=OfArrays(weight), epochs=1)
    said = str(caught.value)
    assert said.startswith("OfArrays: the model cannot take several blocks of inputs (AttributeError: ")
    assert "'photo': (2, 12, 12, 1)" in said and "'table': {'category': (2, 1), 'numeric': (2, 1)}}" in said
    assert "fix: take each block from the dict: x['photo']" in said


@pytest.mark.slow
def test_members_and_folds_are_ensembles_of_fusions(table: Path):
    for keys in ({"members": 2}, {"folds": 2}):
        net = lamina.fit(str(table), target="label", networks=NETWORKS, size=8, epochs=1, **keys)
        assert net.predict_proba(str(table)).shape == (ROWS, 2)
