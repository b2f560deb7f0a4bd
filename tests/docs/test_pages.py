"""Every ``python`` and ``console`` block of the README and the documentation runs.

The blocks of a page run in order, in one temporary folder that holds ``examples/``: code in one namespace,
commands (lines that begin with ``$``) in a shell. A training is cut to two epochs: what is typed is tested,
not what is learned. A block with ``title="x.py"`` is also written to that file. A comment right before a
block changes this:

    <!-- not run: reason -->     left out
    <!-- exit 2 -->              the last command ends with this status
    <!-- slow -->                anywhere on the page: the page takes more than ten seconds
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jax
import pytest

from lamina.models import MODELS

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
    *sorted((ROOT / "examples").glob("**/*.md")),
]

FENCE = re.compile(
    r"^(?:<!-- (?P<note>[^\n]*?) -->\n\n?)?```(?P<head>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S
)
LEFT_OUT = re.compile(r"^(pip install|pytest|python -m venv|mkdocs|ruff|pyright|git) ?")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the file it is, and what the comment before it says."""

    language: str
    body: str
    title: str
    note: str
    line: int


def blocks(text: str) -> list[Block]:
    found = []
    for match in FENCE.finditer(text):
        language, _, options = match["head"].strip().partition(" ")
        title = re.search(r'title="([^"]+)"', options)
        line = text[: match.start("body")].count("\n") + 1
        found.append(Block(language, match["body"], title[1] if title else "", match["note"] or "", line))
    return [block for block in found if block.language in {"python", "console"}]


def commands(body: str) -> list[str]:
    """The lines typed, without what installs things or would run this very suite."""
    typed = re.sub(r"\\\n", "", body)
    lines = [line[2:] for line in typed.splitlines() if line.startswith("$ ")]
    parts = [[p for p in line.split(" && ") if not LEFT_OUT.match(p.strip())] for line in lines]
    return [" && ".join(ended(part) for part in p) for p in parts if p]


def ended(command: str) -> str:
    """A training of no stated length is given one."""
    return f"{command} epochs=2" if command.startswith("lamina fit") and "epochs=" not in command else command


def shortened(text: str) -> str:
    """Every training of more than two epochs is cut to two."""
    return re.sub(r"\bepochs=(\d+)", lambda found: f"epochs={min(int(found[1]), 2)}", text)


def page_parameters() -> list:
    pages = []
    for path in PAGES:
        text = path.read_text()
        if blocks(text):
            marks = [pytest.mark.slow] if "<!-- slow -->" in text else []
            pages.append(pytest.param(path, id=str(path.relative_to(ROOT)), marks=marks))
    return pages


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a checkout's, where ``lamina`` is the command and a run may be left behind."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    command = tmp_path / "bin" / "lamina"
    command.parent.mkdir()
    start = "import sys; from lamina.cli.main import main; sys.exit(main())"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{start}" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.delenv("XLA_FLAGS", raising=False)  # a command sees the machine as it is
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Where the code of a page lives: a module of its own, under the rules that users have."""
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    known = set(MODELS)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield module.__dict__
    for name in set(MODELS) - known:  # what a page registers goes with it
        del MODELS._entries[name]


@pytest.mark.filterwarnings("default::lamina.core.errors.LaminaWarning")  # the table of wines has copies
@pytest.mark.parametrize("path", page_parameters())
def test_page_runs(path: Path, folder: Path, namespace: dict[str, object]):
    for block in blocks(shortened(path.read_text())):
        if block.note.startswith("not run"):
            continue
        if block.title:
            (folder / block.title).write_text(block.body)
        if block.language == "console":
            type_in(block)
        else:
            # Padding keeps the line numbers of tracebacks those of the page.
            exec(compile("\n" * (block.line - 1) + block.body, str(path), "exec"), namespace)


def type_in(block: Block) -> None:
    expected = int(block.note.removeprefix("exit ")) if block.note.startswith("exit ") else 0
    typed = commands(block.body)
    for number, command in enumerate(typed):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=600)
        wanted = expected if number == len(typed) - 1 else 0
        assert done.returncode == wanted, f"$ {command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


PAGE = """Text.
```python
x = 1
```

<!-- exit 2 -->
```console
$ pip install . && b \\
  c
what it prints
```
```text
neither
```
"""


def test_blocks_are_found_with_their_notes():
    first, second = blocks(PAGE)
    assert (first.language, first.body, first.note, first.line) == ("python", "x = 1\n", "", 3)
    assert (second.language, second.note) == ("console", "exit 2")
    assert [command.split() for command in commands(second.body)] == [["b", "c"]]


def test_trainings_are_shortened():
    assert commands("$ pip install . && lamina fit a.csv\n") == ["lamina fit a.csv epochs=2"]
    assert commands("$ lamina fit a.csv epochs=9\n") == ["lamina fit a.csv epochs=9"]
    assert shortened("fit(a, epochs=20, seed=0), epochs=1") == "fit(a, epochs=2, seed=0), epochs=1"
