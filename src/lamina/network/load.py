"""Loading: a folder becomes a network again, after every file was checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lamina.core import storage
from lamina.core.errors import ArtefactError
from lamina.core.module import Module
from lamina.core.random import make_key
from lamina.core.tree import with_arrays
from lamina.data.encoders import TableEncoder, TargetEncoder
from lamina.data.schema import Schema
from lamina.models import MODELS
from lamina.network.artefact import CONFIG, SCHEMA, WEIGHTS, build_model
from lamina.network.network import Network
from lamina.tasks import (
    AbstractTask,
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    QuantileTask,
    RegressionTask,
)

_TASKS: dict[str, type[AbstractTask]] = {
    kind.__name__: kind for kind in (BinaryTask, MulticlassTask, MultilabelTask, QuantileTask, RegressionTask)
}


def load(path: str | Path, *, model: Module | None = None) -> Network:
    """Load a saved network after checking every file against the manifest.

    Args:
        path: the folder that was saved, or a run folder.
        model: for a network with a model of your own: an untrained one of the same shape.

    Returns:
        The network, as it was saved.

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
