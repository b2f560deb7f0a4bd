"""The kernels' library: compiled once, and never needed."""

from __future__ import annotations

import json
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


@pytest.mark.skipif(not library.types_of("gelu"), reason="no C++ compiler here")
def test_processes_that_compile_at_the_same_time_all_have_kernels(tmp_path: Path):
    chosen = {**os.environ, "LAMINA_CACHE": str(tmp_path / "xla")}
    command = [sys.executable, "-c", PROBE]
    started = [subprocess.Popen(command, env=chosen, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in started] == ["True"] * 3
    (kept,) = files(tmp_path)
    assert kept.stat().st_size > 10_000


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


NOTICE = (
    "import json\nfrom lamina.ops.native import library\n"
    "print(json.dumps([library.status().state, library.notice(), library.status().state]))"
)


def answer(folder: Path, **environment: str) -> list[str]:
    """The status before and after the first kernel was needed, and what a run says, of a new process."""
    chosen = {**os.environ, "LAMINA_CACHE": str(folder / "xla"), "JAX_PLATFORMS": "cpu", **environment}
    command = [sys.executable, "-c", NOTICE]
    return json.loads(subprocess.run(command, env=chosen, capture_output=True, check=True).stdout)


@pytest.mark.parametrize(
    ("environment", "state", "words"),
    [
        ({"PATH": "", "CXX": ""}, "no compiler", "no C++ compiler was found; "),
        ({"CXX": "no-such-compiler"}, "no compiler", "CXX=no-such-compiler is no program; "),
        ({"CXX": "c++", "LAMINA_CACHE": "off"}, "no cache", "LAMINA_CACHE=off leaves no folder"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, environment: dict[str, str], state: str, words: str):
    before, notice, after = answer(tmp_path, **environment)
    assert before == after == state and notice.startswith(words)
    assert library.COST in notice and ("LAMINA_CACHE out" if state == "no cache" else library.CURE) in notice


def test_a_compiler_that_fails_is_said_with_its_reason(tmp_path: Path):
    broken = tmp_path / "broken-c++"
    broken.write_text("#!/bin/sh\necho 'note: x' >&2\necho 'fatal error: no header' >&2\nexit 1\n")
    broken.chmod(0o755)
    before, notice, after = answer(tmp_path, CXX=str(broken))
    assert before == "available" and after == "failed", "nothing is compiled only to know"
    assert notice.startswith(f"update.cc could not be compiled by {broken}: fatal error: no header; ")
    assert library.COST in notice


@pytest.mark.skipif(not library.types_of("update"), reason="no C++ compiler here")
def test_nothing_is_said_where_kernels_compute_or_are_not_wanted(monkeypatch: pytest.MonkeyPatch):
    assert library.status().state == "available" and library.notice() is None
    monkeypatch.setenv("LAMINA_NATIVE", "off")
    assert library.status().state == "off" and library.notice() is None
    monkeypatch.setattr(library.runtime, "on_cpu", lambda: False)
    assert library.status().state == "unused" and library.notice() is None


def test_types_without_kernels():
    assert not library.has_kernels("dense", "float64")
    assert not library.has_kernels("convolution", "int32")


def test_reasons_of_failures():
    assert library._reason(subprocess.TimeoutExpired("c++", 120)) == "it took longer than 120 s"
    assert library._reason(subprocess.CalledProcessError(1, "c++", stderr=b"")) == "exit status 1"
    assert library._reason(subprocess.CalledProcessError(1, "c++", stderr=b"what?")) == "what?"
    assert library._reason(OSError(28, "No space left on device")) == "[Errno 28] No space left on device"
