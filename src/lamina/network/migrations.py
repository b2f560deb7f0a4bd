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
    """Return documents of format 1 in format 2: the standard terms of the field as names."""
    config, schema = dict(documents["config.json"]), dict(documents["schema.json"])
    task = config["task"]
    config["task"] = {**task, "name": task["name"].removesuffix("Task") + "Objective"}
    options = dict(config["model"]["options"])
    config["model"] = {**config["model"], "options": _renamed(options, {"views": "test_time_augmentation"})}
    keys = _renamed(config["config"], {"views": "test_time_augmentation"})
    if keys.get("test_time_augmentation") == "one":
        keys["test_time_augmentation"] = "none"
    config["config"] = keys
    for part in ("inputs", "target"):
        schema[part] = _with_names(schema[part], {"deviation": "std"})
    return {**documents, "config.json": config, "schema.json": schema}


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
