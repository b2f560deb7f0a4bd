"""Compiling, loading and calling the kernels of this folder.

The first use compiles them with the system's C++ compiler into the folder of compiled programs;
later processes load the result. Where there is no compiler, or anything goes wrong, callers use
what XLA offers. Environment variables:

- ``LAMINA_NATIVE=off``: never compile or load anything.
- ``CXX``: the compiler.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lamina.core import runtime, storage
from lamina.core.errors import LaminaError

_SOURCES = Path(__file__).parent
_MAIN = "convolution.cc"
_FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fno-math-errno", "-w")
_TYPES = {"float32": "f32", "bfloat16": "bf16"}
_COMPILE_SECONDS = 120.0


def suffix(dtype: Any) -> str | None:
    """Return how the kernels for a type of numbers are called here, or None where there are none.

    Args:
        dtype: of the arrays.
    """
    kernels = library()
    found = _TYPES.get(np.dtype(dtype).name)
    return found if kernels is not None and found in kernels else None


def call(name: str, out: Any, *arrays: Any, **sizes: Sequence[int]) -> Any:
    """Call a kernel inside a compiled program.

    Args:
        name: of the kernel, without its type.
        out: ``jax.ShapeDtypeStruct`` of the result.
        *arrays: operands.
        **sizes: whole numbers, fixed while compiling.
    """
    import jax

    target = f"lamina_{name}_{suffix(out.dtype)}"
    numbers = {key: np.asarray(value, np.int64) for key, value in sizes.items()}
    return jax.ffi.ffi_call(target, out, vmap_method="sequential")(*arrays, **numbers)


@functools.cache
def library() -> frozenset[str] | None:
    """Return the types of numbers there are kernels for, or None where there are no kernels at all."""
    import jax

    if os.environ.get("LAMINA_NATIVE", "").lower() == "off" or sys.platform == "win32":
        return None
    try:
        loaded = _loaded()
    except (OSError, LaminaError, subprocess.SubprocessError):
        return None
    if loaded is None:
        return None
    found = set()
    for name in ("convolution", "convolution_input_gradient", "convolution_weight_gradient"):
        for kind in _TYPES.values():
            function = getattr(loaded, f"{name}_{kind}", None)
            if function is not None:
                found.add(kind)
                capsule = jax.ffi.pycapsule(function)
                jax.ffi.register_ffi_target(f"lamina_{name}_{kind}", capsule, platform="cpu")
    return frozenset(found)


def _loaded() -> ctypes.CDLL | None:
    """Return the library, compiled now if it isn't there or is damaged; None without compiler or cache."""
    folder, compiler = runtime.cache_folder(), _compiler()
    if folder is None or compiler is None:
        return None
    path = folder.parent / "native" / f"kernels-{_fingerprint(compiler)}.so"
    if path.exists():
        with contextlib.suppress(OSError):
            return ctypes.CDLL(str(path))
    storage.write_file(path, _compile(compiler))
    return ctypes.CDLL(str(path))


def _compiler() -> str | None:
    chosen = os.environ.get("CXX", "")
    names = [chosen] if chosen else ["c++", "g++", "clang++"]
    return next((found for found in map(shutil.which, names) if found), None)


def _processor() -> str:
    """Return ``-march=native`` or its like; the result runs on processors of this kind only."""
    return "-mcpu=native" if platform.machine().lower() in ("arm64", "aarch64") else "-march=native"


def _fingerprint(compiler: str) -> str:
    """Return a hash of everything the compiled library depends on."""
    from importlib.metadata import version

    digest = hashlib.sha256()
    for path in sorted((*_SOURCES.glob("*.h"), *_SOURCES.glob("*.cc"))):
        digest.update(path.read_bytes())
    digest.update(repr((compiler, os.stat(compiler).st_mtime_ns, _FLAGS, version("jaxlib"))).encode())
    digest.update(_features().encode())
    return digest.hexdigest()[:24]


def _features() -> str:
    """Return what tells processors apart that share a cache folder."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    kept = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return "\n".join(sorted(set(kept))) or platform.processor() or platform.machine()


def _compile(compiler: str) -> bytes:
    import jax

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "kernels.so"
        command = [compiler, *_FLAGS, _processor(), f"-I{jax.ffi.include_dir()}"]
        subprocess.run(
            [*command, str(_SOURCES / _MAIN), "-o", str(target)],
            check=True,
            capture_output=True,
            timeout=_COMPILE_SECONDS,
        )
        return target.read_bytes()
