"""The seam: no room names a modality or a task but its own folder and its registry."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lamina.modalities import MODALITIES
from lamina.tasks import TASKS

SOURCE = Path(__file__).parents[1] / "src" / "lamina"
FILES = sorted(SOURCE.glob("**/*.py"))
REGISTRIES = {"modalities/registry.py", "tasks/registry.py", "tasks/verbs.py"}
# Formats of before name what they named: a migration is history, and grows by no newcomer.
HISTORY = {"network/migrations.py"}
# A word that is something else there: a module of that name, an element of HTML or XML, a key of JSON, a
# noun, a verb of a task.
OTHERWISE = {
    ("data/__init__.py", "table"),
    ("report/blocks.py", "table"),
    ("data/readers/parsers/text.py", "table"),
    ("modalities/table/claim.py", "text"),
    ("data/audit/roles.py", "text"),
    ("data/source.py", "text"),
    ("data/readers/parsers/conll.py", "text"),
    ("tasks/base.py", "text"),
    ("tasks/language/previews.py", "text"),
    ("tasks/language/verbs.py", "generate"),
    ("tasks/translation/verbs.py", "generate"),
    ("tasks/samples/images.py", "image"),
    ("tasks/enhance/enhanced.py", "image"),
    ("tasks/enhance/task.py", "image"),
    ("objectives/enhancement.py", "image"),
    ("objectives/forecast.py", "forecast"),
    ("data/graphs/column.py", "node"),
    ("data/readers/parsers/tu_graphs.py", "graph"),
    ("data/readers/parsers/tu_graphs.py", "node"),
    ("data/readers/parsers/graphml.py", "graph"),
    ("data/readers/parsers/graphml.py", "node"),
    ("data/readers/parsers/node_link.py", "links"),
    ("modalities/graph/encoder.py", "node"),
    ("models/graph_network.py", "graph"),
    ("models/registry.py", "graph"),
}
HOMES = {
    "image": ("modalities/image/", "data/images/", "data/readers/image_", "data/readers/mask_folder"),
    "graph": ("modalities/graph/", "data/graphs/", "data/readers/graphs"),
    "node": ("modalities/node/", "data/nodes/", "data/readers/node_"),
    "text": ("modalities/text/", "data/readers/text_"),
    "table": ("modalities/table/",),
    **dict.fromkeys(TASKS, ("tasks/prediction/",)),
    "segment": ("tasks/segmentation/",),
    "tagging": ("tasks/tagging/",),
    "links": ("tasks/links/",),
    "language": ("tasks/language/",),
    "masked_language": ("tasks/masked_language/",),
    "translation": ("tasks/translation/",),
    "enhance": ("tasks/enhance/",),
    "generate": ("tasks/generate/",),
    "anomaly": ("tasks/anomaly/",),
    "reconstruct": ("tasks/reconstruct/",),
    "knowledge": ("tasks/knowledge/",),
    "forecast": ("tasks/forecast/",),
}


def literals(path: Path) -> list[tuple[int, str]]:
    """Line and text of every literal in a file, docstrings and keyword names of calls left out."""
    tree = ast.parse(path.read_text())
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    ]


def test_every_modality_and_task_has_a_home():
    assert set(HOMES) == {*MODALITIES, *TASKS}


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(SOURCE)) for path in FILES])
def test_no_name_of_a_modality_or_task_outside_its_folder(path: Path):
    place = str(path.relative_to(SOURCE))
    if place in REGISTRIES | HISTORY:
        return
    found = [
        (line, text)
        for line, text in literals(path)
        if text in HOMES and not place.startswith(HOMES[text]) and (place, text) not in OTHERWISE
    ]
    assert not found


def test_a_literal_is_found(tmp_path: Path):
    path = tmp_path / "room.py"
    path.write_text('"""image"""\n\n\ndef f(kind):\n    """table"""\n    return kind == "image"\n')
    assert literals(path) == [(6, "image")]
