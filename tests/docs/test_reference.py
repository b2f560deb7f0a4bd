"""The reference pages name everything that is public, and nothing that is not there."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from lamina.tasks import TASKS
from lamina.tasks.base import AbstractTask

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ROOMS = [
    "core", "ops", "nn", "models", "data", "objectives", "train", "modalities", "tasks", "network", "report",
    "estimators",
]  # fmt: skip


def named_on(page: str) -> set[str]:
    """Last parts of what a page shows (``::: lamina.nn.Linear``) or mentions in code font."""
    text = (REFERENCE / page).read_text()
    shown = re.findall(r"^::: lamina\.([\w.]+)$", text, re.MULTILINE)
    return {name.rpartition(".")[2] for name in shown} | set(re.findall(r"`(?:lamina\.)?([\w.]+)`", text))


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_page_names_every_public_name(room: str):
    module = importlib.import_module(f"lamina.{room}" if room else "lamina")
    public = set(getattr(module, "__all__", [])) - {"__version__"}
    page = f"{room or 'lamina'}.md"
    if f"::: lamina.{room}\n" in (REFERENCE / page).read_text():  # shows all that is listed in the source
        assert "__all__ = [" in Path(module.__file__).read_text(), "must be a plain list to be shown"
    else:
        assert public <= named_on(page)


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_what_a_page_shows_is_there(room: str):
    text = (REFERENCE / f"{room or 'lamina'}.md").read_text()
    for name in re.findall(r"^::: (lamina\.[\w.]+)$", text, re.MULTILINE):
        assert pkgutil.resolve_name(name), name


def test_every_task_stands_on_its_page_with_what_it_does_and_its_keys():
    text = (REFERENCE / "tasks.md").read_text()
    tasks = {name: TASKS[name] for name in TASKS if isinstance(TASKS[name], AbstractTask)}
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{name}` | {task.summary.removeprefix('predicts ')} | "
        + ", ".join(f"`{field.name}`" for field in dataclasses.fields(task.keys))
        + " |"
        for name, task in tasks.items()
    ]
    groups = set(TASKS) - set(tasks)
    assert all(f"`{name}` stands for several" in text for name in groups)
