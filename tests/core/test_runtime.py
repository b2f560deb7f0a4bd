"""What is set up once a process, and what a user's settings win over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.core import runtime


def test_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAMINA_CACHE", "/somewhere")
    assert runtime.cache_folder() == Path("/somewhere")
    monkeypatch.setenv("LAMINA_CACHE", "OFF")
    assert runtime.cache_folder() is None
    monkeypatch.delenv("LAMINA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert runtime.cache_folder() == Path("/caches/lamina/xla")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert runtime.cache_folder() == Path.home() / ".cache" / "lamina" / "xla"


def run(script: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_users_cache_is_kept(tmp_path: Path):
    script = (
        "import jax; jax.config.update('jax_compilation_cache_dir', {!r})\n"
        "from lamina.core import runtime; runtime.use_compile_cache()\n"
        "print(jax.config.jax_compilation_cache_dir)"
    )
    assert run(script.format(str(tmp_path / "mine"))) == str(tmp_path / "mine")
    ours = "import jax; from lamina.core import runtime; runtime.use_compile_cache()\n"
    ours += "print(jax.config.jax_compilation_cache_dir)"
    assert run(ours, LAMINA_CACHE=str(tmp_path / "ours")) == str(tmp_path / "ours")
    assert run(ours, LAMINA_CACHE="off") == "None"


def test_the_allocator_is_left_alone_on_request(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAMINA_MALLOC", "off")
    assert runtime.keep_memory() is False


def test_versions_and_device_in_words():
    assert set(runtime.versions()) == {"lamina", "python", "jax", "jaxlib", "optax", "numpy"}
    assert runtime.describe_device().startswith("cpu (")
    assert runtime.available_cores() >= 1
