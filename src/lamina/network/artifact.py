"""The artifact on disk: safetensors, JSON, a model card and a manifest; no pickle anywhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import manifest, storage
from lamina.core.tree import named_arrays

if TYPE_CHECKING:
    from lamina.network.network import Network

WEIGHTS, CONFIG, SCHEMA, CARD = "model.safetensors", "config.json", "schema.json", "README.md"


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
    names = [field.name for field in dataclasses.fields(network.task.keys)]
    config = {
        "model": {"name": network.model_name, "options": network.options},
        "task": {"name": network.task.name, "keys": {name: network.config[name] for name in names}},
        "config": network.config,
        "info": network.info.to_json(),
        "history": network.history,
    }
    schema = {
        "schema": network.schema.to_json(),
        "blocks": network.encoder.to_json(),
        "target": network.target.to_json(),
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
