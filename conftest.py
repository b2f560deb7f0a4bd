"""Switches that must be set before anything is imported: under test the whole house is strict."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Eight devices, so that what is sharded can be compared with what is not, on any machine.
EIGHT_DEVICES = "--xla_force_host_platform_device_count=8"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {EIGHT_DEVICES}".strip()
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["MPLBACKEND"] = "Agg"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every subprocess compiles all modules anew

# One compile cache for the session and its subprocesses, never the user's. Workers of pytest-xdist
# inherit the first one.
if "LAMINA_TEST_CACHE" not in os.environ:
    os.environ["LAMINA_TEST_CACHE"] = tempfile.mkdtemp(prefix="lamina-test-cache-")
os.environ["XDG_CACHE_HOME"] = os.environ["LAMINA_TEST_CACHE"]

import jax
from hypothesis import settings
from jaxtyping import install_import_hook

# What one worker compiled the other loads, as two processes of a user would.
jax.config.update("jax_compilation_cache_dir", str(Path(os.environ["XDG_CACHE_HOME"]) / "lamina" / "xla"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

settings.register_profile("house", deadline=None, derandomize=True, max_examples=50, database=None)
settings.load_profile("house")

# Annotations are checked as functions are called, in the rooms that compute with arrays. The others do
# not: beartype refuses some of Polars' types (`data`) and plain protocols (`train`), and the doors are handed
# wrong types on purpose, which they must answer with words.
CHECKED = ["core", "ops", "nn", "models", "objectives"]
CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"  # an int is a float
install_import_hook([f"lamina.{room}" for room in CHECKED], CHECKER)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the first process, not a worker of pytest-xdist
        shutil.rmtree(os.environ["LAMINA_TEST_CACHE"], ignore_errors=True)


MOST_MEMORY = 2 << 30  # of a worker: thousands of compiled programs would fill a small machine


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Forget compiled programs between files where they take too much memory; the cache on disk has them."""
    if nextitem is not None and nextitem.path == item.path:
        return
    if _resident() > MOST_MEMORY:
        jax.clear_caches()
        gc.collect()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _resident() -> int:
    """Return the bytes of memory that this process takes, 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).parent


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets, which is not part of the checkout."""
    folder = os.environ.get("LAMINA_DATA")
    if not folder:
        pytest.skip("LAMINA_DATA is not set: it names the folder of real data sets")
    if not Path(folder).is_dir():
        pytest.skip(f"LAMINA_DATA={folder} is not a folder")
    return Path(folder)
