"""Loading: a folder becomes a network again, after every file was checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lamina.core import manifest, strict_json
from lamina.core.errors import ArtifactError, LaminaError
from lamina.core.keys import flat
from lamina.core.module import Module
from lamina.core.random import Blank
from lamina.core.tree import is_float, named_arrays, with_arrays
from lamina.data.schema import Schema
from lamina.modalities.blocks import Encoders
from lamina.models import MODELS
from lamina.network.artifact import CARD, CONFIG, SCHEMA, WEIGHTS
from lamina.network.build import build_model
from lamina.network.documents import (
    check_config,
    check_schema,
    restore_encoders,
    restore_objective,
    restore_target,
    restore_task,
)
from lamina.network.info import RunInfo
from lamina.network.migrations import migrate
from lamina.network.network import Network
from lamina.network.weights import read_weights
from lamina.objectives.base import AbstractObjective
from lamina.tasks.base import AbstractTarget, AbstractTask
from lamina.tasks.guide import wanted

_FILES = (CONFIG, SCHEMA, WEIGHTS, CARD)
_MOST_OPTION = 1 << 20  # no layer is wider


def load(path: str | Path, *, model: Module | None = None) -> Network:
    """Load a saved network after checking every file against the manifest.

    Args:
        path: the folder that was saved, or a run folder.
        model: for a network with a model of your own: an untrained one of the same shape.

    Returns:
        The network, as it was saved; its arrays cannot be written to.

    Raises:
        ArtifactError: something is missing, altered, of a newer format or does not fit.

    Example:
        >>> import lamina, tempfile
        >>> net = lamina.fit([[0.0], [1.0]] * 20, [0, 1] * 20, model="logistic", epochs=2)
        >>> folder = tempfile.mkdtemp()
        >>> _ = net.save(folder + "/net")
        >>> bool((lamina.load(folder + "/net").predict([[0.0]]) == net.predict([[0.0]])).all())
        True
    """
    path = Path(path)
    inner = path / "network"
    path = inner if (inner / manifest.MANIFEST).is_file() else path
    version, files = manifest.read_versioned(path)
    return from_files(files, version, place=path, model=model)


def from_files(files: dict[str, bytes], version: int, *, place: Path, model: Module | None = None) -> Network:
    """Return the network in the files of an artifact.

    Args:
        files: file name → content, as the manifest vouches for them.
        version: of their format; an older one is migrated.
        place: the folder they are from, for errors.
        model: for a network with a model of your own: an untrained one of the same shape.

    Raises:
        ArtifactError: something does not hold what it should.
    """
    described = read_documents(files, version, place=place)
    return described.filled(files[WEIGHTS], model)


@dataclass(frozen=True)
class Described:
    """All of a network but its model: what its documents say, each of them checked.

    Args:
        place: the folder they are from, for errors.
        task: what was asked for.
        schema: columns and their roles.
        encoder: of the inputs.
        target: of the targets.
        objective: losses and metrics.
        info: facts about the run.
        config: the parsed ``config.json``.
    """

    place: Path
    task: AbstractTask
    schema: Schema
    encoder: Encoders
    target: AbstractTarget
    objective: AbstractObjective
    info: RunInfo
    config: dict[str, Any]

    def filled(self, weights: bytes, model: Module | None = None) -> Network:
        """Return the network with the arrays of a safetensors file.

        Args:
            weights: the bytes of the file.
            model: for a network with a model of your own: an untrained one of the same shape.

        Raises:
            ArtifactError: they are not those of the model that the documents describe.
        """
        arrays = read_weights(weights, where=str(self.place / WEIGHTS))
        name, options = self.config["model"]["name"], self.config["model"]["options"]
        if model is None:
            with _naming(self.place / CONFIG):
                inputs = self.task.guide.inputs(self.encoder.inputs, self.target)
                wants = wanted(self.task, self.target)
                model = _blank(name, inputs, self.objective.out_features, options, arrays, wants)
        with _naming(self.place / WEIGHTS):
            model = _filled(model, arrays)
        return Network(
            model=model,
            model_name=name,
            options=options,
            task=self.task,
            schema=self.schema,
            encoder=self.encoder,
            target=self.target,
            objective=self.objective,
            info=self.info,
            **{name: self.config[name] for name in ("config", "history")},
        )


def read_documents(files: dict[str, bytes], version: int, *, place: Path) -> Described:
    """Return what the JSON files of an artifact say; its weights are only known to be there.

    Args:
        files: file name → content, as the manifest vouches for them.
        version: of their format; an older one is migrated.
        place: the folder they are from, for errors.

    Raises:
        ArtifactError: one does not hold what it should, or a file is missing or added.
    """
    documents = {
        name: strict_json.parse(content, where=str(place / name))
        for name, content in files.items()
        if name.endswith(".json")
    }
    with _naming(place):
        documents = migrate(documents, version)
    _check_names({name for name in files if not name.endswith(".json")} | set(documents), place)
    config, schema = documents[CONFIG], documents[SCHEMA]
    with _naming(place / CONFIG):
        check_config(config, "")
        task, keys = restore_task(config["task"])
        info = RunInfo.restore(config["info"], "info")
    with _naming(place / SCHEMA):
        check_schema(schema, "")
        roles = Schema.from_json(schema["schema"])
        encoder = restore_encoders(roles, schema["blocks"])
        target = restore_target(task, roles, schema["target"])
    with _naming(place / CONFIG):
        objective = restore_objective(task, encoder, target, keys)
    config = {**config, "config": {**config["config"], **flat(keys)}}
    return Described(place, task, roles, encoder, target, objective, info, config)


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Turn whatever a file's content makes a part of Lamina say into an error that names the file."""
    try:
        yield
    except MemoryError:
        raise
    except LaminaError as error:
        where = f"{file}, {error.where}" if error.where else str(file)
        raise ArtifactError(
            error.message, where=where, expected=error.expected, received=error.received, fix=error.fix
        ) from error
    except Exception as error:
        raise ArtifactError(f"does not hold a network ({error})", where=str(file)) from error


def _check_names(names: set[str], place: Path) -> None:
    for name in sorted(names ^ set(_FILES)):
        state = "is missing" if name in _FILES else "has no place in a saved network"
        raise ArtifactError(f"file {state}", where=str(place / name), expected=", ".join(_FILES))


def _blank(
    name: str,
    inputs: Any,
    outputs: int,
    options: dict[str, Any],
    arrays: dict[str, np.ndarray],
    wants: str,
) -> Module:
    """Build an architecture that asks for no more than the arrays hold, and without drawing numbers."""
    if name not in MODELS:
        fix = "load(path, model=an untrained one)"
        raise ArtifactError(f"'{name}' is a model of your own", where="model.name", fix=fix)
    longest = max((max(array.shape, default=1) for array in arrays.values()), default=1)
    most = min(max(longest, len(arrays), 4096), _MOST_OPTION)
    _check_sizes(options, most, "model.options")
    values = sum(array.size for array in arrays.values()) + len(arrays)
    return build_model(name, inputs, outputs, options, Blank(values), wants=wants)


def _check_sizes(options: Mapping[str, Any], most: int, place: str) -> None:
    """Refuse numbers that no architecture of such arrays has, at every depth."""
    for option, value in options.items():
        where = f"{place}.{option}"
        if isinstance(value, dict):
            _check_sizes(value, most, where)
        elif isinstance(value, int) and not 0 <= value <= most:
            raise ArtifactError("is out of range", where=where, expected=f"0 to {most}", received=value)


def _filled(model: Module, arrays: dict[str, np.ndarray]) -> Module:
    """Return the model with its arrays, each of the shape and kind that the model asks for."""
    for name, array in named_arrays(model).items():
        if name in arrays and is_float(arrays[name]) != is_float(array):
            expected, received = array.dtype, arrays[name].dtype
            raise ArtifactError("array has the wrong dtype", where=name, expected=expected, received=received)
    return with_arrays(model, arrays)
