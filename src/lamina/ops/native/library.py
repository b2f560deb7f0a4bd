"""Compiling, loading and calling the kernels of this folder.

The first use compiles them with the system's C++ compiler into the folder of compiled programs;
later processes load the result. Where there is no compiler, or compiling fails, callers compute the same by
XLA; `status` says which, and `notice` what a run says about it. Environment variables:

- ``LAMINA_NATIVE=off``: never compile or load anything.
- ``CXX``: the compiler.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
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
from typing import Any, Literal

import numpy as np

from lamina.core import runtime, storage
from lamina.core.errors import LaminaError

_FOLDER = Path(__file__).parent
_FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fno-math-errno", "-w")
_TYPES = {"float32": "f32", "bfloat16": "bf16", "int32": "i32"}
_COMPILE_SECONDS = 120.0
_FAILURES: dict[str, str] = {}  # source → why it could not be compiled or loaded in this process

# Measured by the benchmark row `kernels` and docs/log.md: a convolutional step 690 ms by XLA, 349 by kernels;
# populations and transformers 1.2 to 1.7 times as long.
COST = "training on this CPU takes up to twice as long"
CURE = "install g++ or clang++ (Debian, Ubuntu: apt install g++; macOS: xcode-select --install)"

# Each source is a library of its own, so that a network without convolutions need not compile them.
KERNELS = {
    "attention": ("attention", "attention_gradient"),
    "cached_attention": ("cached_attention",),
    "causal_attention": ("causal_attention", "causal_attention_gradient"),
    "convolution": ("convolution", "convolution_input_gradient", "convolution_weight_gradient"),
    "cross_entropy": ("cross_entropy",),
    "dense": ("product", "affine", "affine_input_gradient", "affine_weight_gradient"),
    "depthwise": ("depthwise", "depthwise_weight_gradient"),
    "edges": (
        "edge_order",
        "edge_sum",
        "edge_dots",
        "edge_gather",
        "edge_scatter_sum",
        "edge_scatter_max",
        "edge_scatter_max_gradient",
        "edge_softmax",
    ),
    "embedding_bag": ("embedding_bag", "embedding_bag_gradient"),
    "gelu": ("gelu",),
    "group_norm": ("group_norm", "group_norm_gradient"),
    "layer_norm": ("layer_norm", "layer_norm_gradient"),
    "recurrence": ("rnn", "lstm", "gru", "rnn_gradient", "lstm_gradient", "gru_gradient"),
    "rounded_convolution": ("rounded_convolution", "rounded_convolution_weight_gradient"),
    "rounded_dense": ("rounded_product", "rounded_weight_gradient"),
    "selective_scan": ("selective_scan", "selective_scan_gradient"),
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
    except (OSError, LaminaError, subprocess.SubprocessError) as error:
        _FAILURES[source] = _reason(error)
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


@dataclasses.dataclass(frozen=True)
class Status:
    """Whether kernels compute here, and why not.

    Args:
        state: ``"unused"`` on other devices than the CPU; ``"off"`` where the user or the system has none.
        reason: the same in words.
        compiler: path of the C++ compiler, empty where there is none.
    """

    state: Literal["available", "unused", "off", "no compiler", "no cache", "failed"]
    reason: str
    compiler: str = ""


def status() -> Status:
    """Return whether kernels compute here, without compiling any: failures are those met so far.

    Example:
        >>> status().state in ("available", "unused", "off", "no compiler", "no cache", "failed")
        True
    """
    if not runtime.on_cpu():
        return Status("unused", "kernels are for the CPU; this device computes by XLA")
    if os.environ.get("LAMINA_NATIVE", "").lower() == "off":
        return Status("off", "turned off by LAMINA_NATIVE=off")
    if sys.platform == "win32":
        return Status("off", "not on Windows")
    compiler = _compiler()
    if compiler is None:
        chosen = os.environ.get("CXX", "")
        return Status("no compiler", f"CXX={chosen} is no program" if chosen else "no C++ compiler was found")
    if runtime.cache_folder() is None:
        return Status("no cache", "LAMINA_CACHE=off leaves no folder to compile kernels into", compiler)
    if _FAILURES:
        source, reason = next(iter(_FAILURES.items()))
        return Status("failed", f"{source}.cc could not be compiled by {compiler}: {reason}", compiler)
    return Status("available", f"compiled by {compiler}", compiler)


def notice() -> str | None:
    """Return a sentence for the first lines of a run where kernels should compute and do not, else None.

    It compiles the kernel that every training needs, where that is not done yet.
    """
    if status().state == "available":
        types_of("update")
    found = status()
    if found.state not in ("no compiler", "no cache", "failed"):
        return None
    cure = "leave LAMINA_CACHE out, or name a folder" if found.state == "no cache" else CURE
    return f"{found.reason}; {COST}; {cure}"


def _reason(error: Exception) -> str:
    """Return why compiling or loading failed: of a compiler, the first error that it wrote."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it took longer than {_COMPILE_SECONDS:.0f} s"
    if isinstance(error, subprocess.CalledProcessError):
        lines = error.stderr.decode("utf-8", "replace").splitlines()
        errors = [line.strip() for line in lines if "error" in line] or lines
        return errors[0] if errors else f"exit status {error.returncode}"
    return str(error)


def _loaded(source: str) -> ctypes.CDLL | None:
    """Return the library, compiled now if it isn't there or is damaged; None without compiler or cache."""
    path, compiler = compiled_path(source), _compiler()
    if path is None or compiler is None:
        return None
    if path.exists():
        with contextlib.suppress(OSError):
            return ctypes.CDLL(str(path))
    storage.write_file(path, _compile(source, compiler))
    return ctypes.CDLL(str(path))


def compiled_path(source: str) -> Path | None:
    """Return where the compiled kernels of a source are kept, whether they are there yet or not.

    Args:
        source: file of this folder without its ending: ``"convolution"``, ``"dense"`` ….

    Returns:
        The path; None without a compiler or a folder of compiled programs.
    """
    folder, compiler = runtime.cache_folder(), _compiler()
    if folder is None or compiler is None:
        return None
    return folder / "native" / f"{source}-{_fingerprint(source, compiler)}.so"


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
