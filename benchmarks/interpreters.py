"""Which Python runs whom: each contender may live in a virtual environment of its own."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one option a package; peers left out use torch's interpreter, torch the driver's."""
    parser.add_argument("--lamina-python", default=sys.executable, metavar="PATH")
    parser.add_argument("--torch-python", default=sys.executable, metavar="PATH", help="default: this one")
    for name in ("sklearn", "keras"):
        parser.add_argument(f"--{name}-python", metavar="PATH", help="default: torch's")


def of(arguments: argparse.Namespace, name: str) -> str:
    """Return the interpreter of ``"lamina"``, ``"torch"``, ``"sklearn"`` or ``"keras"``."""
    return getattr(arguments, f"{name}_python") or arguments.torch_python
