"""The artefact on disk: safetensors, JSON, a model card and a manifest; no pickle anywhere."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from lamina.core import storage
from lamina.core.errors import ArtefactError
from lamina.core.module import Module
from lamina.core.random import make_key, split
from lamina.core.tree import named_arrays, with_arrays
from lamina.data.encoders import TableEncoder, TargetEncoder
from lamina.data.schema import Schema
from lamina.models import MODELS
from lamina.network.network import Network
from lamina.nn.ensemble import Ensemble
from lamina.tasks import AbstractTask, BinaryTask, MulticlassTask, MultilabelTask, QuantileTask, RegressionTask

_TASKS: dict[str, type[AbstractTask]] = {
    kind.__name__: kind for kind in (BinaryTask, MulticlassTask, MultilabelTask, QuantileTask, RegressionTask)
}
WEIGHTS, CONFIG, SCHEMA, CARD = "model.safetensors", "config.json", "schema.json", "README.md"


def build_model(name: str, inputs: Any, outputs: int, options: dict[str, Any], key: Any) -> Module:
    """Build a registered architecture, or ensembles of it.

    ``members`` makes an ensemble where the architecture has no members of its own,
    ``folds`` one network for each fold of cross-validation.

    Args:
        name: name in the registry.
        inputs: what the encoder gives.
        outputs: numbers the task asks for.
        options: options of the architecture; ``size``, ``members`` and ``folds`` among them.
        key: random key.
    """
    spec, options = MODELS[name], dict(options)
    folds = options.pop("folds", 1)
    if folds > 1:
        return Ensemble([build_model(name, inputs, outputs, options, k) for k in split(key, folds)])
    members = 1 if "members" in spec.options else options.pop("members", 1)
    if members > 1:
        return Ensemble([spec.build(inputs, outputs, key=k, **options) for k in split(key, members)])
    return spec.build(inputs, outputs, key=key, **options)


def save(network: Network, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a network as a folder that is whole or not there.

    Raises:
        RunError: the folder exists, or the disk refused.
    """
    return storage.write_folder(path, to_files(network), overwrite=overwrite)


def to_files(network: Network) -> dict[str, bytes]:
    """Return the files of the artefact; the same network gives the same bytes."""
    import safetensors.numpy

    from lamina.network.model_card import model_card

    arrays = {name: np.asarray(array, order="C") for name, array in named_arrays(network.model).items()}
    task = {"name": type(network.task).__name__, **dataclasses.asdict(network.task)}  # type: ignore[call-overload]
    config = {
        "model": {"name": network.model_name, "options": network.options},
        "task": task,
        "config": network.config,
        "info": network.info,
        "history": network.history,
    }
    schema = {
        "schema": network.schema.to_json(),
        "inputs": network.encoder.to_json(),
        "target": network.target_encoder.to_json(),
    }
    return {
        CONFIG: storage.to_json(_finite(config)),
        WEIGHTS: safetensors.numpy.save(arrays),
        SCHEMA: storage.to_json(_finite(schema)),
        CARD: model_card(network).encode(),
    }


def _finite(value: Any) -> Any:
    """Replace what JSON cannot hold: NaN and infinity become null, NumPy numbers plain ones."""
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def load(path: str | Path, *, model: Module | None = None) -> Network:
    """Load a saved network after checking every file against the manifest.

    Args:
        path: the folder that was saved, or a run folder.
        model: for a network with a model of your own: an untrained one of the same shape.

    Raises:
        ArtefactError: something is missing, altered, of a newer format or does not fit.

    Example:
        >>> import lamina, tempfile
        >>> net = lamina.fit([[0.0], [1.0]] * 20, [0, 1] * 20, model="logistic", epochs=2)
        >>> folder = tempfile.mkdtemp()
        >>> _ = net.save(folder + "/net")
        >>> bool((lamina.load(folder + "/net").predict([[0.0]]) == net.predict([[0.0]])).all())
        True
    """
    path = Path(path)
    if (path / "network" / storage.MANIFEST).is_file():
        path = path / "network"
    files = storage.read_folder(path)
    for name in (CONFIG, WEIGHTS, SCHEMA):
        if name not in files:
            raise ArtefactError("file is missing", where=str(path / name))
    try:
        return _from_files(files, model)
    except ArtefactError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtefactError(f"does not hold a network ({error})", where=str(path)) from error


def _from_files(files: dict[str, bytes], model: Module | None) -> Network:
    import safetensors.numpy


    stored, columns = json.loads(files[CONFIG]), json.loads(files[SCHEMA])
    encoder = TableEncoder.from_json(columns["inputs"])
    task = _task(stored["task"])
    name, options = stored["model"]["name"], stored["model"]["options"]
    if model is None:
        if name not in MODELS:
            raise ArtefactError(f"'{name}' is a model of your own", mend="load(path, model=an untrained one)")
        model = build_model(name, encoder.inputs, task.outputs, options, make_key(0))
    return Network(
        model=with_arrays(model, safetensors.numpy.load(files[WEIGHTS])),
        model_name=name,
        options=options,
        task=task,
        schema=Schema.from_json(columns["schema"]),
        encoder=encoder,
        target_encoder=TargetEncoder.from_json(columns["target"]),
        config=stored["config"],
        info=stored["info"],
        history=stored["history"],
    )


def _task(stored: dict[str, Any]) -> AbstractTask:
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    kind = values.pop("name")
    if kind not in _TASKS:
        raise ArtefactError(f"unknown task '{kind}'", expected="one of " + ", ".join(_TASKS))
    return _TASKS[kind](**values)
