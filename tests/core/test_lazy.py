"""Names that import their module when they are asked for."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PACKAGES = ["lamina", "lamina.models", "lamina.nn", "lamina.report"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_found_and_listed(package: str):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert sorted(module.__all__) == dir(module)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name(package: str):
    module = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = module.nothing


def test_nothing_is_imported_before_it_is_asked_for():
    code = (
        "import sys, lamina, lamina.report\n"
        "heavy = {'jax', 'numpy', 'polars', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert callable(lamina.fit)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
