"""What is set up once per process before JAX computes: memory, compile cache, device.

Nothing here runs at import. `start` is called by the functions that train and predict; it
sets only what the user has not set. Environment variables:

- ``LAMINA_CACHE``: folder of compiled programs; ``off`` turns the cache off.
- ``LAMINA_MALLOC=off``: leave the memory allocator alone.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import gc
import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FILE: Any = io.IOBase.__base__  # of every open file; io.IOBase is asked ten times as slowly

# glibc's mallopt parameters, from malloc.h
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8


@functools.cache
def start() -> None:
    """Prepare the process for computing with JAX; the second call does nothing."""
    keep_memory()
    use_compile_cache()
    atexit.register(leave_objects_to_the_system)


def leave_objects_to_the_system() -> None:
    """Spare the ending process the search for cycles among some 200,000 objects, most of them JAX's.

    The system takes a process's memory back at once; walking through it was a sixth of a cold start
    (docs/log.md). Objects that nothing but a cycle refers to then die without their
    finalizer, as Python reserves for all that live until the end; files among them are written out.
    """
    if not gc.get_debug():  # else somebody is looking for leaks
        for each in gc.get_objects():
            if issubclass(type(each), _FILE):  # `isinstance` would ask a proxy for the class it stands for
                with contextlib.suppress(Exception):  # closed, detached, or a pipe whose reader left
                    each.flush()
        gc.freeze()


@contextlib.contextmanager
def importing_jax() -> Iterator[None]:
    """Make the first import of JAX, and of what stands on it, shorter."""
    with _collector_paused(), _only_plugins_read():
        yield


@contextlib.contextmanager
def _only_plugins_read() -> Iterator[None]:
    """Let JAX see, of all installed packages, only those that may be its plugins.

    It reads the metadata of each to find one named jax-rocm…-plugin.
    Other threads see all packages.
    """
    from importlib import metadata

    everything, here = metadata.distributions, threading.get_ident()

    def plugins(**context: Any) -> Iterator[metadata.Distribution]:
        for found in everything(**context):
            folder = getattr(found, "_path", None)  # jax_rocm7_plugin-0.10.2.dist-info
            if threading.get_ident() != here or folder is None or folder.name.lower().startswith("jax"):
                yield found

    metadata.distributions = plugins
    try:
        yield
    finally:
        metadata.distributions = everything


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause Python's cycle collector, as while importing: nothing that lives on is garbage.

    Afterwards all objects count as old, so that the next collection does not walk through
    what was imported. Together these walks were a fifth of a cold start.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if not gc.get_freeze_count():  # else somebody froze objects, as before a fork: they stay so
            gc.freeze()
            gc.unfreeze()


def keep_memory() -> bool:
    """Ask glibc to keep freed memory instead of giving it back to the system.

    XLA on CPU allocates every output afresh, and the first touch of a new page is some
    twenty times slower than memory itself. Resident memory then stays at its peak.
    Returns whether anything was changed (Linux with glibc only).
    """
    if os.environ.get("LAMINA_MALLOC", "").lower() == "off" or not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # musl has no mallopt
        return False
    settings = (
        (_M_ARENA_MAX, 1),
        (_M_MMAP_MAX, 0),
        (_M_TRIM_THRESHOLD, -1),  # never; 2**31 - 1, the largest number, still gives back what lies above it
        (_M_TOP_PAD, 2**26),
    )
    return all([mallopt(name, value) for name, value in settings])


def cache_folder() -> Path | None:
    """Return the folder of compiled programs, or None when it is turned off."""
    chosen = os.environ.get("LAMINA_CACHE", "")
    if chosen.lower() == "off":
        return None
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lamina" / "xla"


def use_compile_cache() -> None:
    """Let JAX keep compiled programs across processes, unless the user configured it."""
    import jax

    folder = cache_folder()
    if folder is None or getattr(jax.config, "jax_compilation_cache_dir", None) is not None:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def describe_device() -> str:
    """Return the default device in words, such as ``"cpu (2 cores)"``."""
    import jax

    device = jax.devices()[0]
    if device.platform == "cpu":
        return f"cpu ({available_cores()} cores)"
    count = jax.device_count()
    return f"{device.device_kind}" + (f" x {count}" if count > 1 else "")


def on_cpu() -> bool:
    """Return whether JAX computes on the CPU."""
    import jax

    return jax.default_backend() == "cpu"


@functools.cache
def has_cudnn() -> bool:
    """Return whether JAX computes on a GPU of NVIDIA that cuDNN's attention kernels are for."""
    import jax

    device = jax.devices()[0]
    if device.platform != "gpu" or "cuda" not in device.client.platform_version:
        return False
    return float(device.compute_capability) >= 8.0


def available_cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return the bytes of memory of this machine, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def versions(*more: str) -> dict[str, str]:
    """Return the versions that decide a run's numbers.

    Args:
        *more: further packages.
    """
    found = {name: _installed(name) for name in ("jax", "jaxlib", "optax", "numpy", *more)}
    return {"lamina": lamina_version(), "python": sys.version.split()[0], **found}


@functools.cache
def _installed(name: str) -> str:
    """Return the version of a package, which is searched for and parsed once: it takes milliseconds."""
    from importlib.metadata import version

    return version(name)


def lamina_version() -> str:
    """Return Lamina's version."""
    from lamina import __version__

    return __version__


def block(value: Any) -> Any:
    """Wait until every array in ``value`` is computed, and return it."""
    import jax

    return jax.block_until_ready(value)
