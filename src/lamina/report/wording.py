"""Settings as people read them."""

from __future__ import annotations

import math
from typing import Any

from lamina.core.wording import plain
from lamina.objectives.metrics import metric_number


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
