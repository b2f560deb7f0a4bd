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
from lamina.core.inputs import ImageInputs, TableInputs
from lamina.core.module import Module
from lamina.core.tree import named_arrays
from lamina.core.wanted import ONE
from lamina.data import read
from lamina.models import MODELS
from lamina.network.artifact import CARD, CONFIG, SCHEMA, WEIGHTS, to_files
from lamina.network.info import RunInfo
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
    assert same(found, net) and found.task is net.task and found.labels == net.labels
    assert found.objective == net.objective and found.schema == net.schema
    assert (found.config, found.info, found.history) == (net.config, net.info, net.history)
    assert np.array_equal(found.predict(frame()), net.predict(frame()))
    assert to_files(found) == to_files(net)


def test_what_json_cannot_hold_is_null(tmp_path):
    facts = {"rows": {"test": np.int64(3)}, "valid": {"auc": np.nan, "loss": np.float64(np.inf)}}
    intervals = {"auc": (np.nan, np.nan), "loss": (np.float32(0.5), 1.0)}
    net = dataclasses.replace(network(), info=RunInfo(**facts, intervals=intervals))
    found = load(net.save(tmp_path / "net"))
    assert found.info.rows == {"test": 3} and found.info.valid == {"auc": None, "loss": None}
    assert np.isnan(found.info.intervals["auc"]).all() and found.info.intervals["loss"] == (0.5, 1.0)
    assert "valid: " in str(found)  # and it can be shown


OF_TABLES, IMAGE_MODELS = (
    sorted(name for name, spec in MODELS.items() if inputs in spec.takes and ONE in spec.gives)
    for inputs in (TableInputs, ImageInputs)
)
# The least of the architectures of images; the others take a size of 4.
SMALL = {
    "alexnet": {"size": 6},
    "convnext": {"size": 4, "depth": 1},
    "mobilenet": {"size": 4, "blocks": 1},
    "resnet": {"size": 8},
    "vgg": {"size": 11, "width": 4, "hidden": 16},
    "wide-resnet": {"size": 1, "depth": 10},
}


@pytest.mark.parametrize("model", sorted(name for name, spec in MODELS.items() if TableInputs in spec.takes))
@pytest.mark.parametrize("options", [{}, {"folds": 2, "members": 2}])
def test_every_architecture_is_loaded(tmp_path, model, options):
    net = network(model=model, **options)
    assert same(load(net.save(tmp_path / "net")), net)


@pytest.mark.parametrize("model", IMAGE_MODELS)
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


def keys(**changes: Any) -> Change:
    return lambda d: d["task"]["keys"].update(changes)


def info(**changes: Any) -> Change:
    return lambda d: d["info"].update(changes)


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
    "narrow": (options(size=8), "wrong shape|has no place"),
    "task": (lambda d: d["task"].update(name="eval"), "task.name: .*expected one of binary.*got 'eval'"),
    "group": (lambda d: d["task"].update(name="classification"), "task.name: .*got 'classification'"),
    "no task": (lambda d: d.update(task=None), "task: .*expected the keys name, keys, got None"),
    "task more": (lambda d: d["task"].update(more=1), "task: .*expected the keys name, keys"),
    "task keys": (lambda d: d["task"].update(keys=[]), r"task.keys: .*expected an object, got \[\]"),
    "task key": (keys(more=1), "task.keys: .*expected keys among loss, label_smoothing, rare"),
    "null": (keys(more=None), "task.keys: .*expected keys among loss, label_smoothing, rare"),
    "loss": (keys(loss="l0"), "task.keys.loss: .*expected one of cross_entropy.*got 'l0'"),
    "loss list": (keys(loss=[]), r"task.keys.loss: .*expected one of cross_entropy.*got \[\]"),
    "smoothing": (keys(label_smoothing=10**400), "task.keys.label_smoothing: .*expected >= 0 and < 1"),
    "typed": (keys(label_smoothing="0.1"), "task.keys.label_smoothing: .*expected float, got '0.1'"),
    "word": (keys(label_smoothing="some"), "task.keys.label_smoothing: .*expected a number, got 'some'"),
    "switch": (keys(label_smoothing=True), "task.keys.label_smoothing: .*expected float, got True"),
    "info": (lambda d: d.update(info=[]), "info: .*expected an object"),
    "rows": (info(rows=3), "info.rows: .*expected an object"),
    "metric": (info(valid={"auc": "x"}), "info.valid.auc: .*expected numbers"),
    "metrics": (info(test=[]), "info.test: .*expected an object"),
    "device": (info(device=None), "info.device: .*expected a text, got None"),
    "reason": (info(model_reason=3), "info.model_reason: .*expected a text, got 3"),
    "ending": (info(ended=True), "info.ended: .*expected a text, got True"),
    "source": (info(source=["a.csv"]), "info.source: .*expected a text"),
    "versions": (info(versions={"jax": 1}), "info.versions.jax: .*expected a text, got 1"),
    "seed": (info(seed="0"), r"info.seed: .*expected numbers, got \['0'\]"),
    "epochs": (info(epochs=None), r"info.epochs: .*expected numbers, got \[None\]"),
    "best epoch": (info(best_epoch=[]), "info.best_epoch: .*expected numbers"),
    "steps": (info(steps={}), "info.steps: .*expected numbers"),
    "skipped": (info(skipped_steps=False), r"info.skipped_steps: .*expected numbers, got \[False\]"),
    "folds": (info(folds=3), "info.folds: .*expected a list, got 3"),
    "fold": (info(folds=[1]), "info.folds.0: .*expected an object, got 1"),
    "trials": (info(trials={}), "info.trials: .*expected a list"),
    "intervals": (info(intervals=[]), "info.intervals: .*expected an object"),
    "no ends": (info(intervals={"auc": None}), "info.intervals.auc: .*expected a list, got None"),
    "one end": (info(intervals={"auc": [0.5]}), r"info.intervals.auc: .*expected two ends, got \[0.5\]"),
    "end": (info(intervals={"auc": ["a", 1]}), "info.intervals.auc.0: .*expected numbers"),
    "history": (lambda d: d.update(history={"lr": [[]]}), "history.lr.0: .*expected numbers"),
    "no list": (lambda d: d.update(history={"lr": 3}), "history.lr: .*expected a list"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_of_another_form_is_refused(tmp_path, name):
    change, said = CONFIGS[name]
    with pytest.raises(ArtifactError, match=f"(?s){said}"):
        load(saved(tmp_path, altered(CONFIG, change)))


def column(**changes: Any) -> Change:
    return lambda d: d["blocks"]["table"]["columns"][0].update(changes)


def date(**changes: Any) -> Change:
    return lambda d: next(c for c in d["blocks"]["table"]["columns"] if c["kind"] == "datetime").update(
        changes
    )


def first(**changes: Any) -> Change:
    return lambda d: d["schema"]["inputs"][0].update(changes)


def block(**changes: Any) -> Change:
    return lambda d: d["blocks"]["table"].update(changes)


QUANTILE = {"kind": "quantile", "knots": [0.0, 1.0], "levels": [0.0, 1.0]}
SCHEMAS: dict[str, tuple[Change, str]] = {
    "no key": (lambda d: d.pop("blocks"), "schema.json: has the wrong form; expected the keys schema"),
    "kind": (column(kind="code"), "blocks.table.columns.0.kind: .*expected one of numeric, boolean"),
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
    "categories": (
        lambda d: d["blocks"]["table"]["columns"][-1].update(values=[1]), "values: .*a list of texts",
    ),
    "column": (column(name="x"), "blocks.table: .*expected the columns of schema.inputs"),
    "twice": (
        lambda d: d["schema"]["inputs"].append(d["schema"]["inputs"][0]),
        "schema.inputs: .*columns of different names",
    ),
    "no inputs": (lambda d: d["schema"].update(inputs=[]), "schema.inputs: .*expected one or more columns"),
    "modality": (
        first(modality="smell"),
        "inputs.0.modality: .*expected one of image, node, graph, text, table, got",
    ),
    "no modality": (
        lambda d: d["schema"]["inputs"][0].pop("modality"),
        "schema.inputs.0: .*expected the keys name, kind, detail, modality",
    ),
    "of images": (first(modality="image", kind="image"), "blocks: .*expected .*, got .'table'"),
    "blocks": (lambda d: d.update(blocks=[]), "blocks: .*expected an object"),
    "no blocks": (lambda d: d.update(blocks={}), r"blocks: .*expected table, got \[\]"),
    "block more": (
        lambda d: d["blocks"].update(photo={}), "blocks: .*expected table, got .'photo', 'table'"
    ),
    "block": (lambda d: d["blocks"].update(table=[]), "blocks.table: .*expected an object"),
    "modality of a block": (block(modality="image"), "blocks.table.modality: .*expected table, got 'image'"),
    "block key": (block(more=1), "blocks.table: .*expected the keys modality, columns"),
    "columns": (block(columns={}), "blocks.table.columns: .*expected a list"),
    "no columns": (block(columns=[]), "blocks.table: .*expected the columns of schema.inputs"),
    "dropped": (lambda d: d["schema"]["dropped"].append(["a"]), r"dropped.\d: .*a column and why"),
    "column kind": (first(kind="x"), "schema.inputs.0.kind: .*expected one of numeric, category.*got 'x'"),
    "schema task": (lambda d: d["schema"].update(task="regression"), "schema.task: .*expected binary"),
    "target kind": (
        lambda d: d["schema"].update(target_kind="numbers"),
        "schema.target_kind: .*expected classes, got 'numbers'",
    ),
    "no target kind": (
        lambda d: d["schema"].update(target_kind="x"),
        "schema.target_kind: .*expected one of classes, flags, numbers, cells, texts, tags, nothing, got 'x'",
    ),
    "target": (lambda d: d.update(target=[]), "target: .*expected an object"),
    "target key": (lambda d: d["target"].update(mean=[]), "target: .*expected the keys names, labels, dtype"),
    "targets": (lambda d: d["target"].update(names=["x"]), "target.names: .*those of schema.targets"),
    "no targets": (lambda d: d["target"].update(names=[]), "target.names: .*expected 1 for this task"),
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
    return lambda d: next(iter(d["blocks"].values())).update(changes)


OF_IMAGES: dict[str, tuple[Change, str]] = {
    "modality": (inputs(modality="sound"), "schema.json, blocks.image.modality: .*expected image, got"),
    "key": (inputs(kind="sound"), "schema.json, blocks.image: .*expected the keys modality, name, height"),
    "height": (inputs(height=0), "blocks.image.height: .*expected a whole number from 1, got 0"),
    "means": (inputs(mean=[1.0, 2.0]), r"blocks.image.mean: .*expected 1 numbers, got \[1.0, 2.0\]"),
    "standard deviations": (inputs(std=[]), r"blocks.image.std: .*expected 1 numbers, got \[\]"),
    "std": (inputs(std=[0.0]), "blocks.image.std.0: .*expected a number above 0"),
    "side": (inputs(width=16385), "blocks.image: .*expected sides up to 16384 and 1 or 3 channels"),
    "channels": (
        inputs(channels=2, mean=[1.0, 1.0], std=[1.0, 1.0]),
        "blocks.image: .*expected sides up to 16384 and 1 or 3 channels, got .12, 12, 2",
    ),
    "patches": (inputs(patches=[1.0]), "blocks.image.patches: .*expected 16 numbers"),
    "name": (inputs(name="photo"), "blocks.image: .*expected the columns of schema.inputs, got .'photo'"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_IMAGES)
def test_a_schema_of_images_of_another_form_is_refused(tmp_path, name):
    change, said = OF_IMAGES[name]
    files = to_files(images(size=1))
    document = json.loads(files[SCHEMA])
    change(document)
    with pytest.raises(ArtifactError, match=f"(?s){said}"):
        load(saved(tmp_path, files | {SCHEMA: manifest.to_json(document)}))


def target(**changes: Any) -> Change:
    return lambda d: d["target"].update(changes)


def test_whole_numbers_beyond_64_bits_are_numbers(tmp_path):
    """NumPy makes Python objects of them, and an encoder of those failed when it was used."""
    knots = {"kind": "quantile", "knots": [0, 10**30], "levels": [0, 1]}
    network = load(saved(tmp_path, altered(SCHEMA, column(scaler=knots))))
    assert network.encoder.transform(read(frame()))["numeric"].dtype == np.float32


FITTING: dict[str, tuple[str, Change, str]] = {
    "labels": ("multiclass", target(labels=["0", "1"]), r"head.weight: .*shape; expected \(2, 256\)"),
    "one label": ("multiclass", target(labels=["0"]), "target.labels: .*expected 2 or more for this task"),
    "flags": ("multilabel", target(names=["first"]), "target.names: .*expected those of schema.targets"),
    "no flags": ("multilabel", target(names=[]), "target.names: .*expected one at least"),
    "means": ("regression", target(mean=[1.0, 2.0]), "target.mean: .*expected 1 for this task"),
    "std": ("regression", target(std=[0.0]), "target.std.0: .*expected a number above 0"),
    "no numbers": ("regression", target(names=[], mean=[], std=[]), "target.names: .*expected"),
    "more means": ("quantile", target(mean=[]), "target.mean: .*expected 1 for this task"),
}  # fmt: skip


@pytest.mark.parametrize("name", FITTING)
def test_the_task_and_the_target_fit(tmp_path, name):
    task, change, said = FITTING[name]
    with pytest.raises(ArtifactError, match=f"(?s){said}"):
        load(saved(tmp_path, altered(SCHEMA, change, name=task)))


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ([0.1, 0.9], "config.json: quantiles are out of order or range; expected increasing levels"),
        ([0.1, 0.5, 0.7, 0.9], "config.json: asks for more values than there are"),
        ([0.5, 2.0], "config.json, task.keys.quantiles: .*expected levels in .0, 1."),
        ([None], "config.json, task.keys.quantiles: .*expected values separated by commas"),
        ("0.1,0.5,0.9", "config.json, task.keys.quantiles: .*expected tuple.float, ....*got '0.1,0.5,0.9'"),
    ],
)
def test_the_quantiles_fit(tmp_path, levels, said):
    files = altered(CONFIG, keys(quantiles=levels), name="quantile")
    with pytest.raises(ArtifactError, match=f"(?s){said}"):
        load(saved(tmp_path, files))


def test_what_config_and_task_say_twice_is_said_by_the_task(tmp_path):
    """Keys of the task stand in config.json twice, as its own and among all keys."""
    files = altered(CONFIG, lambda d: d["config"].update(loss="focal", label_smoothing="?"))
    found = load(saved(tmp_path, files))
    assert (found.config["loss"], found.config["label_smoothing"]) == ("cross_entropy", 0.0)
    assert to_files(found) == to_files(network())


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
