"""Labels that nobody knows."""

from __future__ import annotations

UNKNOWN = -1.0
"""Stands for a label of 0 or 1 that is not known: it has no part in losses and metrics."""
