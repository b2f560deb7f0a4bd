"""The keys of knowledge graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina.core.keys import NOT_NEGATIVE, POSITIVE, key

_SHARE: dict[str, Any] = {"check": lambda value: 0 <= value < 1, "expected": ">= 0 and < 1"}


@dataclass(frozen=True)
class KnowledgeKeys:
    """The keys of knowledge graphs."""

    negatives: int | None = key(
        None,
        "entities that are drawn at a step to be told from right ones; 0 takes all of them",
        **NOT_NEGATIVE,
    )
    n3: float | None = key(None, "weight of the cubes of the vectors, without negatives", **NOT_NEGATIVE)
    smoothing: float = key(0.0, "share of the target spread over all entities, without negatives", **_SHARE)
    margin: float = key(
        9.0, "distance at which an entity is as likely right as wrong, of negatives", **POSITIVE
    )
    hardness: float = key(1.0, "how much the hardest negatives weigh more than others", **NOT_NEGATIVE)
