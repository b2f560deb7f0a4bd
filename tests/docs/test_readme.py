"""The README keeps its promises: two commands, and the second is what CI runs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def commands() -> list[str]:
    return re.findall(r"^\$ (.+)$", README, re.MULTILINE)


def test_first_command_installs_and_trains_on_a_table_that_is_there():
    first = commands()[0]
    assert first.startswith("pip install . && lamina fit examples/data/")
    assert (ROOT / first.split()[6]).is_file()


def test_second_command_is_what_ci_runs():
    second = commands()[1]
    assert second.endswith("&& pytest")
    assert f"({second})" in (ROOT / ".ci" / "run").read_text()


def test_tree_of_folders_is_true():
    tree = README.partition("```text\nlamina/")[2].partition("```")[0]
    named = re.findall(r"^  (?:  )?([\w./-]+/)(?: |$)", tree, re.MULTILINE)
    missing = [
        name for name in named if not (ROOT / name).is_dir() and not (ROOT / "src/lamina" / name).is_dir()
    ]
    assert not missing


def test_local_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_files_to_imitate_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:src|tests|docs|benchmarks)/[^`\s]*?)(?::[^`]*)?`", text)
    assert len(named) > 20
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_recipe_has_five_steps():
    parts = re.split(r"^## How to add (.+)$", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)[1:]
    steps = {name: re.findall(r"^(\d)\. ", body.partition("\n## ")[0], re.MULTILINE)
             for name, body in zip(parts[::2], parts[1::2], strict=True)}  # fmt: skip
    assert {"a reader", "a modality", "a task", "an objective", "a model", "a layer", "a tool"} == set(steps)
    assert all(numbers == list("12345") for numbers in steps.values()), steps
