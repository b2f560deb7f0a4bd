"""House rules that a linter does not know: sizes, names, unsafe loading."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "lamina"
FILES = sorted(SOURCE.glob("**/*.py"))
NAMES = [str(path.relative_to(SOURCE)) for path in FILES]

LINES_OF_A_FILE = 600
LINES_OF_A_BODY = 60
METHODS_OF_A_CLASS = 10
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def public_methods(node: ast.ClassDef) -> list[str]:
    """Methods without an underscore; properties are data, not deeds."""
    methods = [m for m in node.body if isinstance(m, Function) and not m.name.startswith("_")]
    return [m.name for m in methods if not any("property" in ast.unparse(d) for d in m.decorator_list)]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_sizes_and_names(path: Path):
    text = path.read_text()
    tree = ast.parse(text)
    assert path.stem not in VAGUE, "name the thing in the file"
    assert text.count("\n") <= LINES_OF_A_FILE
    for function in functions(tree):
        assert body_lines(function) <= LINES_OF_A_BODY, f"{function.name} at line {function.lineno}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert len(public_methods(node)) <= METHODS_OF_A_CLASS, node.name


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_nothing_loads_pickle(path: Path):
    """`allow_pickle` is written out as False at every `np.load`, and is never anything else."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        pickle = [k.value for k in node.keywords if k.arg == "allow_pickle"]
        assert all(isinstance(v, ast.Constant) and v.value is False for v in pickle), f"line {node.lineno}"
        if ast.unparse(node.func) in {"np.load", "numpy.load", "np.lib.npyio.NpzFile"}:
            assert pickle, f"line {node.lineno}: say allow_pickle=False"


def test_body_lines_counts_what_stands_after_the_docstring():
    tree = ast.parse('def f():\n    """Say.\n\n    More.\n    """\n    a = 1\n\n    return a\n')
    assert [body_lines(f) for f in functions(tree)] == [3]


def test_public_methods_leaves_out_properties():
    text = "class A:\n    def f(self): ...\n    def _g(self): ...\n    @property\n    def h(self): ...\n"
    assert public_methods(ast.parse(text).body[0]) == ["f"]
