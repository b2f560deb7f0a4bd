"""Rooms import only rooms before them, modules form no cycle, and `import lamina` is cheap."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

BEFORE_NETWORK = {"core", "ops", "nn", "models", "data", "objectives", "train", "modalities", "tasks"}
TOOLS = {"search", "compress", "trust", "scale", "interop"}
BEFORE_DOORS = BEFORE_NETWORK | {"network"} | TOOLS | {"report", "runs"}
MAY_IMPORT = {
    "core": set(),
    "ops": {"core"},
    "nn": {"core", "ops"},
    "models": {"core", "ops", "nn"},
    "data": {"core"},
    "objectives": {"core", "ops"},
    "train": {"core", "ops", "objectives", "data"},
    "modalities": BEFORE_NETWORK - {"modalities", "tasks"},
    "tasks": BEFORE_NETWORK - {"tasks"},
    "network": BEFORE_NETWORK,
    **dict.fromkeys(TOOLS, BEFORE_NETWORK | {"network"}),
    "report": BEFORE_NETWORK | {"network"} | TOOLS,
    "runs": BEFORE_DOORS - {"runs"},
    **dict.fromkeys(["estimators", "serve", "studio", "cli"], BEFORE_DOORS),
}


def modules() -> dict[str, Path]:
    """Dotted name of every module in src, with its file."""
    names = {}
    for path in sorted(SOURCE.glob("lamina/**/*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


MODULES = modules()


def is_for_types(node: ast.AST) -> bool:
    """Whether the node is an ``if TYPE_CHECKING:`` block, which never runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(name: str, *, for_types: bool = True) -> set[str]:
    """Modules that ``name`` imports, wherever in the file; of our own, the file that is meant."""
    found = set()
    tree = ast.parse(MODULES[name].read_text())
    if not for_types:
        tree.body = [node for node in tree.body if not is_for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}, line {node.lineno}: relative import"
            wholes = {f"{node.module}.{alias.name}" for alias in node.names} - {"lamina.__version__"}
            found |= {whole if whole in MODULES else str(node.module) for whole in wholes}
    return found


def room(name: str) -> str:
    return name.split(".")[1] if name.count(".") else ""


@pytest.mark.parametrize("name", [n for n in MODULES if room(n) and n != "lamina.__main__"])
def test_a_room_imports_only_rooms_before_it(name: str):
    assert room(name) in MAY_IMPORT, f"{room(name)} has no place in the order"
    ours = {other for other in imports(name) if other.split(".")[0] == "lamina"}
    wrong = {other for other in ours if room(other) not in MAY_IMPORT[room(name)] | {room(name)}}
    assert not wrong


def test_modules_form_no_cycle():
    graph = {name: (imports(name, for_types=False) & MODULES.keys()) - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_data_never_imports_jax():
    jax_family = {"jax", "jaxlib", "optax"}
    for name in MODULES:
        if room(name) == "data":
            assert not {m.split(".")[0] for m in imports(name)} & jax_family, name
    ours = "; ".join(f"import {name}" for name in MODULES if room(name) == "data") or "pass"
    assert run(f"{ours}; import sys; print([m for m in {sorted(jax_family)} if m in sys.modules])") == "[]"


def test_import_lamina_brings_nothing_heavy():
    heavy = ["jax", "numpy", "polars", "pandas", "matplotlib", "rich", "sklearn", "optax"]
    assert run(f"import lamina, sys; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_import_lamina_executes_few_modules():
    """What an import costs is what it executes: the package, its version, and nothing of other people's."""
    ours = "[m for m in sys.modules if m.split('.')[0] == 'lamina']"
    added = f"before = set(sys.modules); import lamina; print(len({ours}), len(set(sys.modules) - before))"
    count, new = map(int, run(f"import sys; {added}").split())
    assert count <= 3 and new <= 40, "each of the standard library's takes a fraction of a millisecond"


def run(script: str) -> str:
    """Standard output of a fresh interpreter that sees the checkout's lamina."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
