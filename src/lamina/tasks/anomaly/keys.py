"""The keys of anomaly detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina.core.keys import key

SHARE: dict[str, Any] = {"check": lambda value: 0 < value < 1, "expected": "> 0 and < 1"}


@dataclass(frozen=True)
class AnomalyKeys:
    """The keys of anomaly detection."""

    contamination: float = key(
        0.01, "share of rows to take for anomalies: sets the score from which on a row is one", **SHARE
    )
