"""What older formats of an artifact become: one step a version, on the parsed JSON.

A change of the format raises ``FORMAT_VERSION`` in `lamina.core.manifest` and adds the step
from the version before it here, with a test that loads an artifact of that version. Format 1 was
written until 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.core import manifest

Documents = dict[str, Any]


def _from_1(documents: Documents) -> Documents:
    """Return documents of format 1 in format 2.

    Tasks and modalities go by their names, columns name their modality, the standard terms of the field
    became the names of keys.
    """
    config, schema = dict(documents["config.json"]), dict(documents["schema.json"])
    config["model"] = {**config["model"], "options": _renamed(config["model"]["options"], _KEYS_OF_1)}
    config["config"] = _renamed(config["config"], _KEYS_OF_1)
    if config["config"].get("test_time_augmentation") == "one":
        config["config"]["test_time_augmentation"] = "none"
    config["task"] = _task_of_1(config["task"], schema["schema"]["task"])
    inputs, target = (_with_names(schema[name], {"deviation": "std"}) for name in ("inputs", "target"))
    modality = "image" if inputs.pop("kind", "") == "image" else "table"
    roles = {**schema["schema"], "target_kind": _TARGETS_OF_1[schema["schema"]["task"]]}
    roles["inputs"] = [{**column, "modality": modality} for column in roles["inputs"]]
    name = inputs["name"] if modality == "image" else modality
    target["names"] = target.pop("targets")
    kept = {"classes": ("labels", "dtype"), "flags": (), "numbers": ("mean", "std")}[roles["target_kind"]]
    schema = {
        "schema": roles,
        "blocks": {name: {"modality": modality, **inputs}},
        "target": {key: target[key] for key in ("names", *kept)},
    }
    return {**documents, "config.json": config, "schema.json": schema}


_KEYS_OF_1 = {"views": "test_time_augmentation"}
_TARGETS_OF_1 = {
    "binary": "classes",
    "multiclass": "classes",
    "multilabel": "flags",
    "regression": "numbers",
}


def _task_of_1(stored: Documents, name: str) -> Documents:
    """Return name and keys of a task that was stored as a class with its fields."""
    names = {"loss": "loss", "smoothing": "label_smoothing", "quantiles": "quantiles"}
    keys = {names[field]: value for field, value in stored.items() if field in names}
    return {"name": name, "keys": keys}


def _renamed(values: Documents, names: dict[str, str]) -> Documents:
    return {names.get(name, name): value for name, value in values.items()}


def _with_names(value: Any, names: dict[str, str]) -> Any:
    """Return parsed JSON with other names of keys, at every depth."""
    if isinstance(value, dict):
        return {names.get(name, name): _with_names(item, names) for name, item in value.items()}
    return [_with_names(item, names) for item in value] if isinstance(value, list) else value


MIGRATIONS: dict[int, Callable[[Documents], Documents]] = {1: _from_1}


def migrate(documents: Documents, version: int) -> Documents:
    """Return the documents of an artifact in the present format.

    Args:
        documents: file name → parsed JSON, of every JSON file.
        version: the format they are in.

    Raises:
        ArtifactError: a step is missing: the format is older than any that is known.
    """
    for step in range(version, manifest.FORMAT_VERSION):
        if step not in MIGRATIONS:
            raise manifest.too_old(version, min([*MIGRATIONS, manifest.FORMAT_VERSION]))
        documents = MIGRATIONS[step](documents)
    return documents
