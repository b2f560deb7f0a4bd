"""A run: data in, a trained network out, and everything about it in one folder."""

from __future__ import annotations

from typing import Any

__all__ = ["fit"]


def __getattr__(name: str) -> Any:
    if name == "fit":
        from lamina.runs.fit import fit

        return fit
    raise AttributeError(f"module 'lamina.runs' has no attribute '{name}'")
