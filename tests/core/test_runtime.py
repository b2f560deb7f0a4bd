"""What is set up once a process, and what a user's settings win over."""

from __future__ import annotations

import ast
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


def run(script: str, *words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
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


IN_A_CYCLE = """
import gc, sys
from lamina.core import runtime
runtime.start()
class Journal:
    def __init__(self):
        self.file, self.itself = open(sys.argv[1], "w"), self
    def __del__(self):
        print("finalized")
class Proxy:
    @property
    def __class__(self):
        print("asked")
        raise ReferenceError
proxy = Proxy()
Journal().file.write("the last line")
{more}
"""


def test_a_process_ends_without_a_last_collection_but_files_are_written(tmp_path: Path):
    assert run(IN_A_CYCLE.format(more=""), str(tmp_path / "journal")) == ""
    assert (tmp_path / "journal").read_text() == "the last line"  # which Python itself loses


def test_whoever_looks_for_leaks_sees_the_last_collection(tmp_path: Path):
    assert run(IN_A_CYCLE.format(more="gc.set_debug(gc.DEBUG_STATS)"), str(tmp_path / "j")) == "finalized"


def test_of_all_packages_jax_reads_its_plugins_alone(tmp_path: Path):
    for name in ("jax_rocm7_plugin", "heavy"):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from importlib import metadata; from lamina.core import runtime\n"
        "names = lambda: {each.metadata['Name'] for each in metadata.distributions()}\n"
        "before = names()\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with runtime.importing_jax(), ThreadPoolExecutor() as other:\n"
        "    during, elsewhere = names(), other.submit(names).result()\n"
        "print(sorted(during), 'heavy' in before, before == names() == elsewhere)"
    )
    during, *rest = run(script, str(tmp_path)).rsplit(" ", 2)
    assert rest == ["True", "True"]
    names = ast.literal_eval(during)
    assert "jax_rocm7_plugin" in names
    assert all(name.startswith("jax") for name in names)
