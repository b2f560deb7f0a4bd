"""What is saved is loaded again; what was made up, by whomever, is refused with its place."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from tests.faults.artifacts import frame, images, network

from lamina.cli.main import main
from lamina.core import manifest, storage
from lamina.core.errors import ArtifactError
from lamina.core.module import Module
from lamina.core.tree import named_arrays
from lamina.data import read
from lamina.models import MODELS
from lamina.network.artifact import CARD, CONFIG, SCHEMA, WEIGHTS, to_files
from lamina.network.load import load

Change = Callable[[dict[str, Any]], object]


def saved(folder: Path, files: dict[str, bytes]) -> Path:
    return storage.write_folder(folder / "net", files)


def altered(file: str, change: Change, **keys: Any) -> dict[str, bytes]:
    """Return the files of an artifact in which one document says something else."""
    files = to_files(network(**keys))
    document = json.loads(files[file])
    change(document)
    return files | {file: manifest.to_json(document)}


def same(one: Any, other: Any) -> bool:
    ours, theirs = named_arrays(one.model), named_arrays(other.model)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("scale", ["quantile", "standard"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression", "quantile"])
def test_what_is_saved_is_loaded(tmp_path, task, scale):
    net = network(task, scale=scale)
    found = load(net.save(tmp_path / "net"))
    assert same(found, net) and found.task == net.task and found.labels == net.labels
    assert (found.config, found.info, found.history) == (net.config, net.info, net.history)
    assert np.array_equal(found.predict(frame()), net.predict(frame()))
    assert to_files(found) == to_files(net)


def test_what_json_cannot_hold_is_null(tmp_path):
    info = {"share": np.float32(0.5), "rows": {}, "valid": {"auc": np.nan, "loss": np.float64(np.inf)}}
    net = dataclasses.replace(network(), info=info)
    found = load(net.save(tmp_path / "net"))
    assert found.info == {"share": 0.5, "rows": {}, "valid": {"auc": None, "loss": None}}
    assert "valid: " in str(found)  # and it can be shown


# The least of the architectures of images; the others take a size of 4.
SMALL = {
    "alexnet": {"size": 6},
    "convnext": {"size": 4, "depth": 1},
    "mobilenet": {"size": 4, "blocks": 1},
    "resnet": {"size": 8},
    "vgg": {"size": 11, "width": 4, "hidden": 16},
    "wide-resnet": {"size": 1, "depth": 10},
}


@pytest.mark.parametrize("model", sorted(name for name, spec in MODELS.items() if "image" not in spec.takes))
@pytest.mark.parametrize("options", [{}, {"folds": 2, "members": 2}])
def test_every_architecture_is_loaded(tmp_path, model, options):
    net = network(model=model, **options)
    assert same(load(net.save(tmp_path / "net")), net)


@pytest.mark.parametrize("model", sorted(name for name, spec in MODELS.items() if "image" in spec.takes))
@pytest.mark.parametrize("options", [{}, {"folds": 2, "test_time_augmentation": "flip"}])
def test_every_architecture_of_images_is_loaded(tmp_path, model, options):
    net = images(model, side=32, **SMALL.get(model, {"size": 4}), **options)
    assert same(load(net.save(tmp_path / "net")), net)


def test_a_run_folder_has_the_network_inside(tmp_path):
    network().save(tmp_path / "run" / "network")
    assert load(str(tmp_path / "run")).model_name == "mlp"


class Own(Module):
    weight: Any

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return x["numeric"] @ self.weight


def test_a_model_of_your_own(tmp_path):
    net = dataclasses.replace(network(), model=Own(np.ones((3, 1), np.float32)), model_name="Own")
    folder = net.save(tmp_path / "net")
    assert same(load(folder, model=Own(np.zeros((3, 1), np.float32))), net)
    with pytest.raises(
        ArtifactError, match=r"(?s)config.json, model.name: 'Own' is a model of your own.*fix: load\("
    ):
        load(folder)
    with pytest.raises(
        ArtifactError, match=r"safetensors, weight: array has the wrong shape; expected \(4, 1\)"
    ):
        load(folder, model=Own(np.zeros((4, 1), np.float32)))
    with pytest.raises(
        ArtifactError, match=r"safetensors, weight: array has the wrong dtype; expected int32, got"
    ):
        load(folder, model=Own(np.zeros((3, 1), np.int32)))
    with pytest.raises(ArtifactError, match=r"safetensors: array 'weight' has no place in the model"):
        load(folder, model=[])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [CONFIG, SCHEMA, WEIGHTS, CARD])
def test_a_file_that_no_manifest_names_is_missing(tmp_path, name):
    files = to_files(network())
    del files[name]
    with pytest.raises(ArtifactError, match=f"{name}: file is missing; expected config.json, schema.json"):
        load(saved(tmp_path, files))


@pytest.mark.parametrize("name", ["more.json", "code.pkl"])
def test_a_file_that_has_no_place_is_refused(tmp_path, name):
    with pytest.raises(ArtifactError, match=f"{name}: file has no place in a saved network"):
        load(saved(tmp_path, to_files(network()) | {name: b"{}"}))


def options(**changes: Any) -> Change:
    return lambda d: d["model"]["options"].update(changes)


CONFIGS: dict[str, tuple[Change, str]] = {
    "no key": (lambda d: d.pop("model"), "config.json: has the wrong form; expected the keys model, task"),
    "key more": (lambda d: d.update(code="x"), "expected the keys model"),
    "model": (lambda d: d.update(model=3), "config.json, model: .*expected the keys name, options, got 3"),
    "name": (lambda d: d["model"].update(name=3), "model.name: .*expected a text"),
    "unknown": (lambda d: d["model"].update(name="mpl"), "'mpl' is a model of your own"),
    "options": (lambda d: d["model"].update(options=[]), "model.options: .*expected an object"),
    "option": (options(size=[1]), "options.size: .*expected a text, a number"),
    "unknown option": (options(siez=1), "config.json: model 'mlp' has no option"),
    "many": (options(depth=10**12), "depth: is out of range; expected 0 to 4096"),
    "negative": (options(size=-1), "size: is out of range"),
    "wide": (options(size=4000), "asks for more values than there are"),
    "deep": (options(depth=4000, size=1), "array has the wrong shape"),
    "crowd": (options(members=4096, size=9), "asks for more values than there are"),
    "half": (options(size=8.5), "config.json: does not hold a network"),
    "size": (
        lambda d: d.update(task=dict(name="RegressionObjective", targets=0, loss="mse")),
        "number from 1",
    ),
    "narrow": (options(size=8), "wrong shape|has no place"),
    "task": (
        lambda d: d["task"].update(name="Eval"),
        "task.name: .*expected one of BinaryObjective.*got 'Eval'",
    ),
    "no task": (lambda d: d.update(task=None), "task.name: .*expected one of"),
    "task key": (lambda d: d["task"].update(more=1), "task: .*expected the keys name, loss, smoothing"),
    "loss": (lambda d: d["task"].update(loss="l0"), "config.json: this objective has no such loss"),
    "smoothing": (lambda d: d["task"].update(smoothing=10**400), "numbers that float64 holds"),
    "info": (lambda d: d.update(info=[]), "info: .*expected an object"),
    "rows": (lambda d: d["info"].update(rows=3), "info.rows: .*expected an object"),
    "metric": (lambda d: d["info"].update(valid={"auc": "x"}), "info.valid.auc: .*expected numbers"),
    "history": (lambda d: d.update(history={"lr": [[]]}), "history.lr.0: .*expected numbers"),
    "no list": (lambda d: d.update(history={"lr": 3}), "history.lr: .*expected a list"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_of_another_form_is_refused(tmp_path, name):
    change, said = CONFIGS[name]
    with pytest.raises(ArtifactError, match=f"(?s){said}"):
        load(saved(tmp_path, altered(CONFIG, change)))


def column(**changes: Any) -> Change:
    return lambda d: d["inputs"]["columns"][0].update(changes)


def date(**changes: Any) -> Change:
    return lambda d: next(c for c in d["inputs"]["columns"] if c["kind"] == "datetime").update(changes)


QUANTILE = {"kind": "quantile", "knots": [0.0, 1.0], "levels": [0.0, 1.0]}
SCHEMAS: dict[str, tuple[Change, str]] = {
    "no key": (lambda d: d.pop("inputs"), "schema.json: has the wrong form; expected the keys schema"),
    "kind": (column(kind="code"), "inputs.columns.0.kind: .*expected one of numeric, boolean"),
    "marks": (column(marks_missing=1), "marks_missing: .*expected true or false"),
    "bins": (column(bins=[]), "bins: .*expected edges of 1 features"),
    "edges": (column(bins=[[1.0, 1.0]]), "bins.0: .*expected two or more increasing numbers"),
    "edge": (column(bins=[["a", "b"]]), "bins.0: .*expected numbers"),
    "scaler": (column(scaler={"kind": "code"}), "scaler.kind: .*expected one of quantile, standard"),
    "falling": (column(scaler=QUANTILE | {"knots": [1.0, 0.0]}), "knots: .*numbers that never fall"),
    "levels": (column(scaler=QUANTILE | {"levels": [1.0]}), "knots: .*expected 1 numbers"),
    "std": (
        column(scaler={"kind": "standard", "mean": 0, "std": 0}), "std: .*a number above 0",
    ),
    "cycles": (date(cycles=["week"]), "cycles.0: .*expected one of month"),
    "scales": (date(scales={"second": QUANTILE}), "scales: .*elapsed"),
    "date format": (date(form="%Y-%m-%d|%Y-%M"), "form: .*expected a format of dates, got '%Y-%m-%d.%Y-%M'"),
    "categories": (lambda d: d["inputs"]["columns"][-1].update(values=[1]), "values: .*a list of texts"),
    "column": (column(name="x"), "inputs.columns: .*expected the columns of schema.inputs"),
    "twice": (lambda d: d["schema"]["inputs"].append(d["schema"]["inputs"][0]), "of schema.inputs"),
    "dropped": (lambda d: d["schema"]["dropped"].append(["a"]), r"dropped.\d: .*a column and why"),
    "column kind": (lambda d: d["schema"]["inputs"][0].update(kind="x"), "schema.inputs.0.kind: .*one of"),
    "schema task": (lambda d: d["schema"].update(task="regression"), "schema.task: .*expected binary"),
    "target task": (lambda d: d["target"].update(task="multiclass"), "target.task: .*expected binary"),
    "targets": (lambda d: d["target"].update(targets=["x"]), "target.targets: .*those of schema.targets"),
    "labels": (lambda d: d["target"].update(labels=["yes"]), "target.labels: .*expected 2 for this task"),
    "label": (lambda d: d["target"].update(labels=[[], {}]), "target.labels.0: .*expected a text"),
    "label type": (lambda d: d["target"].update(dtype="O,O"), "target.dtype: .*expected one of"),
    "labels of a type": (lambda d: d["target"].update(dtype="int8"), "schema.json: does not hold a network"),
    "weight": (lambda d: d["schema"].update(weight=3), "schema.weight: .*expected a text"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_of_another_form_is_refused(tmp_path, name):
    change, said = SCHEMAS[name]
    with pytest.raises(ArtifactError, match=f"(?s){said}"):
        load(saved(tmp_path, altered(SCHEMA, change)))


def inputs(**changes: Any) -> Change:
    return lambda d: d["inputs"].update(changes)


OF_IMAGES: dict[str, tuple[Change, str]] = {
    "kind": (inputs(kind="sound"), "schema.json, inputs: .*expected the keys columns, got"),
    "height": (inputs(height=0), "inputs.height: .*expected a whole number from 1, got 0"),
    "means": (inputs(mean=[1.0, 2.0]), r"inputs.mean: .*expected 1 numbers, got \[1.0, 2.0\]"),
    "standard deviations": (inputs(std=[]), r"inputs.std: .*expected 1 numbers, got \[\]"),
    "std": (inputs(std=[0.0]), "inputs.std.0: .*expected a number above 0"),
    "side": (inputs(width=16385), "inputs: .*expected sides up to 16384 and 1 or 3 channels"),
    "channels": (
        inputs(channels=2, mean=[1.0, 1.0], std=[1.0, 1.0]),
        "inputs: .*expected sides up to 16384 and 1 or 3 channels, got .12, 12, 2",
    ),
    "patches": (inputs(patches=[1.0]), "inputs.patches: .*expected 16 numbers"),
    "name": (inputs(name="photo"), "inputs.columns: .*expected the columns of schema.inputs, got .'photo'"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_IMAGES)
def test_a_schema_of_images_of_another_form_is_refused(tmp_path, name):
    change, said = OF_IMAGES[name]
    files = to_files(images(size=1))
    document = json.loads(files[SCHEMA])
    change(document)
    with pytest.raises(ArtifactError, match=f"(?s){said}"):
        load(saved(tmp_path, files | {SCHEMA: manifest.to_json(document)}))


def test_whole_numbers_beyond_64_bits_are_numbers(tmp_path):
    """NumPy makes Python objects of them, and an encoder of those failed when it was used."""
    knots = {"kind": "quantile", "knots": [0, 10**30], "levels": [0, 1]}
    network = load(saved(tmp_path, altered(SCHEMA, column(scaler=knots))))
    assert network.encoder.transform(read(frame()))["numeric"].dtype == np.float32


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression", "quantile"])
def test_the_task_and_the_target_fit(tmp_path, task):
    size = {"multiclass": "classes", "multilabel": "labels"}.get(task, "targets")
    files = altered(CONFIG, lambda d: d["task"].update({size: 7}), name=task)
    with pytest.raises(ArtifactError, match=r"target\.\w+: has the wrong form; expected 7 for this task"):
        load(saved(tmp_path, files))


@pytest.mark.parametrize("change", ["missing", "shape", "dtype", "name"])
def test_weights_that_do_not_fit_are_refused(tmp_path, change):
    files = to_files(network())
    arrays = safetensors.numpy.load(files[WEIGHTS])
    bias = arrays.pop("head.bias")
    if change != "missing":
        name = "head.bias" + "es" * (change == "name")
        shaped = bias[:, None] if change == "shape" else bias
        arrays[name] = shaped.astype(np.int32) if change == "dtype" else shaped
    with pytest.raises(ArtifactError, match=r"model.safetensors.*(array|safetensors)"):
        load(saved(tmp_path, files | {WEIGHTS: safetensors.numpy.save(arrays)}))


def test_too_little_memory_is_no_damage(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    folder = network().save(tmp_path / "net")
    monkeypatch.setattr(sys.modules["lamina.network.load"], "build_model", full)
    with pytest.raises(MemoryError):
        load(folder)


def test_memory_stays_within_twice_the_size(tmp_path):
    import tracemalloc

    folder = network(size=2000).save(tmp_path / "net")
    size = (folder / WEIGHTS).stat().st_size
    load(folder)  # what is imported and cached on the way is not counted
    tracemalloc.start()
    net = load(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 16e6 and net.parameters * 4 < size
    assert peak < 2 * size


@pytest.mark.parametrize("verb", ["predict", "evaluate", "describe"])
@pytest.mark.parametrize("name", [manifest.MANIFEST, CONFIG, SCHEMA, WEIGHTS, CARD])
def test_the_command_line_says_it_in_words(tmp_path, capsys, verb, name):
    frame().write_csv(tmp_path / "data.csv")
    folder = network().save(tmp_path / "net")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:50] + b"\x07" + content[51:])
    words = [verb, str(folder)] + [str(tmp_path / "data.csv")] * (verb != "describe")
    assert main(words) == 2
    written = capsys.readouterr()
    assert name in written.err and "fix: " in written.err and "Traceback" not in written.err
    assert not written.out
