"""The kernels' library: compiled once, and never needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.ops.native import library

PROBE = "from lamina.ops.native import library; print(bool(library.types_of('gelu')))"


def probe(folder: Path, **environment: str) -> bool:
    """Whether a new process has kernels."""
    chosen = {**os.environ, "LAMINA_CACHE": str(folder / "xla"), **environment}
    answer = subprocess.run(
        [sys.executable, "-c", PROBE], env=chosen, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip() == "True"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.skipif(not library.types_of("gelu"), reason="no C++ compiler here")
def test_compiled_once_and_loaded_after_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert probe(tmp_path)
    (kept,) = files(tmp_path)
    before = kept.stat().st_mtime_ns
    assert probe(tmp_path, PATH=os.environ["PATH"])
    assert files(tmp_path) == [kept] and kept.stat().st_mtime_ns == before
    kept.write_bytes(b"not a library")
    assert probe(tmp_path), "a damaged library is compiled anew"
    assert files(tmp_path) == [kept] and kept.stat().st_size > 10_000


@pytest.mark.parametrize(
    "environment", [{"LAMINA_NATIVE": "off"}, {"CXX": "/bin/false"}, {"CXX": "no-such-compiler"}]
)
def test_without_them_nothing_is_written(tmp_path: Path, environment: dict[str, str]):
    assert not probe(tmp_path, **environment)
    assert files(tmp_path) == []


@pytest.mark.skipif(
    shutil.which("g++") is None or bool({"CXX", "LAMINA_NATIVE"} & os.environ.keys()),
    reason="no g++ here, or another choice",
)
@pytest.mark.parametrize("source", library.KERNELS)
def test_every_source_compiles_where_there_is_a_compiler(source: str):
    """Otherwise nobody would notice: XLA takes over without a word, and tests of kernels are skipped."""
    assert library.has_kernels(source, "float32")


def test_types_without_kernels():
    assert not library.has_kernels("dense", "float64")
    assert not library.has_kernels("convolution", "int32")
