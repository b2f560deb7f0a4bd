"""What this machine computes with: device, kernels, cache folder, versions."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from lamina.cli.output import definitions
from lamina.core import runtime
from lamina.core.wording import counted, short_number

SHOWN = ("polars", "safetensors")  # beside those that decide a run's numbers


def system() -> tuple[dict[str, Any], str]:
    """Return what a machine computes with, as facts and as lines. Nothing is compiled or written."""
    facts = {
        "system": platform.platform(),
        "device": runtime.describe_device(),
        "cores": runtime.available_cores(),
        "memory": runtime.memory(),
        "kernels": _kernels(),
        "cache": _cache(),
        "versions": runtime.versions(*SHOWN),
    }
    return facts, definitions(_lines(facts))


def _kernels() -> dict[str, Any]:
    """Return whether kernels are in use, and which of them are compiled already."""
    from lamina.ops.native import library

    status = library.status()
    paths = {source: library.compiled_path(source) for source in library.KERNELS}
    compiled = [source for source, path in paths.items() if path is not None and path.is_file()]
    return {
        "state": status.state,
        "reason": status.reason,
        "compiler": status.compiler or None,
        "compiled": compiled,
        "not_compiled": [source for source in paths if source not in compiled],
    }


def _cache() -> dict[str, Any] | None:
    """Return the folder of compiled programs with its sizes, or None where it is turned off."""
    folder = runtime.cache_folder()
    if folder is None:
        return None
    kernels = _size(folder / "native")
    every = _size(folder)
    programs = {name: every[name] - kernels[name] for name in every}
    return {"folder": str(folder), "programs": programs, "kernels": kernels}


def _size(folder: Path) -> dict[str, int]:
    found = {"files": 0, "bytes": 0}
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                found["bytes"] += path.stat().st_size
                found["files"] += 1
        except OSError:
            pass  # another process replaced it
    return found


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    kernels, cache = facts["kernels"], facts["cache"]
    memory = "unknown" if facts["memory"] is None else f"{short_number(facts['memory'])}B"
    pairs = [("system", facts["system"]), ("device", facts["device"])]
    pairs += [("cores", str(facts["cores"])), ("memory", memory)]
    pairs += [("kernels", f"{kernels['state']}: {kernels['reason']}")]
    if kernels["state"] == "available":
        pairs += [("compiled", ", ".join(kernels["compiled"]) or "none yet")]
        pairs += [("not yet", ", ".join(kernels["not_compiled"]))]
    if cache is None:
        pairs += [("cache", "turned off by LAMINA_CACHE=off")]
    else:
        sizes = [f"{name} {_sized(cache[name])}" for name in ("programs", "kernels")]
        pairs += [("cache", f"{cache['folder']}: {', '.join(sizes)}")]
    pairs += [("versions", ", ".join(f"{name} {version}" for name, version in facts["versions"].items()))]
    return [(name, text) for name, text in pairs if text]


def _sized(size: dict[str, int]) -> str:
    return f"{short_number(size['bytes'])}B in {counted(size['files'], 'file')}"
