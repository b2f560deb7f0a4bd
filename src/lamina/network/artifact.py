"""The artifact on disk: safetensors, JSON, a model card and a manifest; no pickle anywhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import manifest, storage
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.tree import named_arrays
from lamina.models import MODELS
from lamina.nn.augmented import Augmented
from lamina.nn.ensemble import Ensemble

if TYPE_CHECKING:
    from lamina.network.network import Network

WEIGHTS, CONFIG, SCHEMA, CARD = "model.safetensors", "config.json", "schema.json", "README.md"


def build_model(name: str, inputs: Any, outputs: int, options: dict[str, Any], key: Any) -> Module:
    """Build a registered architecture, or ensembles of it.

    ``members`` makes an ensemble where the architecture has no members of its own,
    ``folds`` one network for each fold of cross-validation, ``views`` averages over views.

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
    views = options.pop("test_time_augmentation", "none")
    if views != "none":
        return Augmented(build_model(name, inputs, outputs, options, key), kind=views)
    members = 1 if "members" in spec.options else options.pop("members", 1)
    if members > 1:
        return Ensemble([spec.build(inputs, outputs, key=k, **options) for k in split(key, members)])
    return spec.build(inputs, outputs, key=key, **options)


def save(network: Network, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a network as a folder that is whole or not there.

    Args:
        network: the trained network.
        path: the folder to make.
        overwrite: replace what is there.

    Returns:
        The folder.

    Raises:
        RunError: the folder exists, or the disk refused.
    """
    return storage.write_folder(path, to_files(network), overwrite=overwrite)


def to_files(network: Network) -> dict[str, bytes]:
    """Return the files of the artifact; the same network gives the same bytes."""
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
        CONFIG: manifest.to_json(_finite(config)),
        WEIGHTS: safetensors.numpy.save(arrays),
        SCHEMA: manifest.to_json(_finite(schema)),
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
