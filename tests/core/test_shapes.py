"""Names of shapes: jaxtyping's where it is there, stand-ins elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jaxtyping

from lamina.core import shapes


def run(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


def test_under_test_they_are_those_of_jaxtyping():
    assert shapes.Float is jaxtyping.Float
    assert shapes.Int is jaxtyping.Int


def test_elsewhere_they_can_be_evaluated():
    hints = "typing.get_type_hints(lamina.ops.affine.affine)['return']"
    assert run(f"import typing, lamina.ops.affine; print({hints})") == "typing.Any"
    assert run(f"import typing, jaxtyping, lamina.ops.affine; print('*b o' in str({hints}))") == "True"


def test_fitting_does_not_import_jaxtyping():
    script = "import sys, lamina.network, lamina.estimators, lamina.models; print('jaxtyping' in sys.modules)"
    assert run(script) == "False"


def test_the_library_takes_them_from_here(root: Path):
    importing = [path for path in (root / "src").rglob("*.py") if "jaxtyping import" in path.read_text()]
    assert importing == [root / "src" / "lamina" / "core" / "shapes.py"]
