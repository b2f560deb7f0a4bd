"""Shares and settings as people read them."""

from __future__ import annotations

import math
from typing import Any

from lamina.core.wording import plain
from lamina.objectives.metrics import metric_number
from lamina.objectives.metrics.words import interval_decimals


def share(fraction: float, interval: tuple[float, float] | None = None) -> str:
    """Return a fraction as a percentage with as many digits as its interval allows.

    Args:
        fraction: the share, 0 to 1.
        interval: its confidence interval, also 0 to 1, or None.

    Example:
        >>> share(0.8534, (0.8464, 0.8604)), share(0.5), share(float("nan"))
        ('85.3%', '50.0%', '–')
    """
    if not math.isfinite(fraction):
        return "–"
    scaled = None if interval is None else (interval[0] * 100, interval[1] * 100)
    decimals = interval_decimals(scaled)
    return f"{fraction * 100:.{1 if decimals is None else max(0, min(decimals, 3))}f}%"


def any_value(value: Any) -> str:
    """Return a configuration or trial value: floats in sensible digits, the rest as text.

    Args:
        value: anything.

    Example:
        >>> any_value(0.30000000000000004), any_value(None), any_value(True), any_value(3)
        ('0.3', '–', 'true', '3')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else metric_number(value)
    if isinstance(value, list | tuple):
        return ", ".join(any_value(item) for item in value) or "–"
    return plain(value)
