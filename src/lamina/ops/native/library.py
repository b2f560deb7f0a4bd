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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lamina.core import runtime, storage
from lamina.core.errors import LaminaError

_FOLDER = Path(__file__).parent
_FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fno-math-errno", "-w")
_TYPES = {"float32": "f32", "bfloat16": "bf16"}
_COMPILE_SECONDS = 120.0

# Each source is a library of its own, so that a network without convolutions need not compile them.
KERNELS = {
    "attention": ("attention", "attention_gradient"),
    "convolution": ("convolution", "convolution_input_gradient", "convolution_weight_gradient"),
    "cross_entropy": ("cross_entropy",),
    "dense": ("product", "affine", "affine_input_gradient", "affine_weight_gradient"),
    "depthwise": ("depthwise", "depthwise_weight_gradient"),
    "gelu": ("gelu",),
    "layer_norm": ("layer_norm", "layer_norm_gradient"),
    "update": ("adam", "finite"),
    "winograd": ("winograd", "winograd_input_gradient", "winograd_weight_gradient"),
}


def has_kernels(source: str, dtype: Any) -> bool:
    """Return whether a source's kernels can be called here for a type of numbers.

    Args:
        source: file of this folder without its ending: ``"convolution"``, ``"dense"`` ….
        dtype: of the arrays.
    """
    found = _TYPES.get(np.dtype(dtype).name)
    return found is not None and runtime.on_cpu() and found in types_of(source)


def call(
    name: str,
    out: Any,
    *arrays: Any,
    vmap_method: str = "sequential",
    in_place: Mapping[int, int] | None = None,
    **fixed: Sequence[int] | float,
) -> Any:
    """Call a kernel inside a compiled program.

    Args:
        name: of the kernel, without its type.
        out: ``jax.ShapeDtypeStruct`` of the result, or a list of those of several.
        *arrays: operands, of which the first has the kernel's type of numbers.
        vmap_method: how it is called for many members, as in ``jax.ffi.ffi_call``.
        in_place: operand → result that may lie in the same memory.
        **fixed: what is fixed while compiling: whole numbers, or a float, which goes by its bits.
    """
    import jax

    target = f"lamina_{name}_{_TYPES[np.dtype(arrays[0].dtype).name]}"
    numbers = {key: _whole(value) for key, value in fixed.items()}
    aliases = dict(in_place or {})
    return jax.ffi.ffi_call(target, out, vmap_method=vmap_method, input_output_aliases=aliases)(
        *arrays, **numbers
    )


def _whole(value: Sequence[int] | float) -> np.ndarray:
    return (
        np.array([value], np.float64).view(np.int64)
        if isinstance(value, float)
        else np.asarray(value, np.int64)
    )


@functools.cache
def types_of(source: str) -> frozenset[str]:
    """Return the types of numbers that a source has kernels for here; none where it has none at all.

    Args:
        source: file of this folder without its ending: ``"convolution"``, ``"dense"`` ….
    """
    import jax

    if os.environ.get("LAMINA_NATIVE", "").lower() == "off" or sys.platform == "win32":
        return frozenset()
    try:
        loaded = _loaded(source)
    except (OSError, LaminaError, subprocess.SubprocessError):
        return frozenset()
    found = set()
    for name in KERNELS[source]:
        for kind in _TYPES.values():
            function = getattr(loaded, f"{name}_{kind}", None)
            if function is not None:
                found.add(kind)
                capsule = jax.ffi.pycapsule(function)
                jax.ffi.register_ffi_target(f"lamina_{name}_{kind}", capsule, platform="cpu")
    return frozenset(found)


def _loaded(source: str) -> ctypes.CDLL | None:
    """Return the library, compiled now if it isn't there or is damaged; None without compiler or cache."""
    folder, compiler = runtime.cache_folder(), _compiler()
    if folder is None or compiler is None:
        return None
    path = folder / "native" / f"{source}-{_fingerprint(source, compiler)}.so"
    if path.exists():
        with contextlib.suppress(OSError):
            return ctypes.CDLL(str(path))
    storage.write_file(path, _compile(source, compiler))
    return ctypes.CDLL(str(path))


def _compiler() -> str | None:
    chosen = os.environ.get("CXX", "")
    names = [chosen] if chosen else ["c++", "g++", "clang++"]
    return next((found for found in map(shutil.which, names) if found), None)


def _processor() -> str:
    """Return ``-march=native`` or its like; the result runs on processors of this kind only."""
    return "-mcpu=native" if platform.machine().lower() in ("arm64", "aarch64") else "-march=native"


def _fingerprint(source: str, compiler: str) -> str:
    """Return a hash of everything the compiled library depends on."""
    from jaxlib import version

    digest = hashlib.sha256()
    for path in sorted((*_FOLDER.glob("*.h"), _FOLDER / f"{source}.cc")):
        digest.update(path.read_bytes())
    modified = os.stat(compiler).st_mtime_ns
    digest.update(repr((compiler, modified, _FLAGS, version.__version__)).encode())
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


def _compile(source: str, compiler: str) -> bytes:
    import jax

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "kernels.so"
        command = [compiler, *_FLAGS, _processor(), f"-I{jax.ffi.include_dir()}"]
        subprocess.run(
            [*command, str(_FOLDER / f"{source}.cc"), "-o", str(target)],
            check=True,
            capture_output=True,
            timeout=_COMPILE_SECONDS,
        )
        return target.read_bytes()
