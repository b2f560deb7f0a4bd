"""What is worth knowing about the run that a network comes from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import items, mapping, optional, wrong

Metrics = Mapping[str, float | None]
Interval = tuple[float, float]


@dataclass(frozen=True)
class RunInfo:
    """Facts about a run.

    Args:
        device: where it was trained.
        model_reason: why this model, one sentence.
        seed: of the run.
        epochs: epochs begun.
        best_epoch: the epoch whose weights were kept.
        steps: steps taken, of all folds.
        skipped_steps: steps skipped because they were not finite.
        ended: why training ended.
        folds: epochs, best epoch and ending of each fold.
        trials: options that were tried, with what came of them.
        rows: how many train, validate and test.
        source: where the data came from.
        versions: package versions by name.
        valid: metrics on the validation rows, or None.
        test: metrics on the test rows, or None.
        intervals: 95 % interval of each metric of the test rows, else of the validation rows.
    """

    device: str = ""
    model_reason: str = ""
    seed: int = 0
    epochs: int = 0
    best_epoch: int = 0
    steps: int = 0
    skipped_steps: int = 0
    ended: str = ""
    folds: tuple[Mapping[str, Any], ...] = ()
    trials: tuple[Mapping[str, Any], ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    valid: Metrics | None = None
    test: Metrics | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, Metrics]:
        """The metrics of each split that was measured."""
        found = {"valid": self.valid, "test": self.test}
        return {name: metrics for name, metrics in found.items() if metrics}

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return dataclasses.asdict(self)

    @staticmethod
    def restore(stored: Any, place: str) -> RunInfo:
        """Return the facts that `to_json` stored; those that are read are checked, the rest is only shown.

        Args:
            stored: parsed JSON.
            place: of it in its document, for errors.

        Raises:
            ArtifactError: a fact has the wrong form.
        """
        json_checks.mapping(json_checks.anything)(stored, place)
        for name, check in _CHECKS.items():
            if name in stored:
                check(stored[name], f"{place}.{name}")
        known = {name: stored[name] for name in stored if name in RunInfo.__dataclass_fields__}
        for name in {"folds", "trials"} & set(known):
            known[name] = tuple(known[name])
        if "intervals" in known:
            known["intervals"] = {name: _interval(ends) for name, ends in known["intervals"].items()}
        return RunInfo(**known)


def _interval(ends: Sequence[float | None]) -> Interval:
    """Return an interval; an end that is not defined was written to JSON as null."""
    low, high = (math.nan if end is None else float(end) for end in ends)
    return low, high


def _ends(value: Any, place: str) -> None:
    """Check the two ends of an interval, null where they are not known."""
    items(optional(json_checks.number))(value, place)
    if len(value) != 2:
        raise wrong(place, "two ends", value)


_METRICS = optional(mapping(optional(json_checks.number)))
_CHECKS: dict[str, json_checks.Check] = {
    **dict.fromkeys(("device", "model_reason", "ended", "source"), json_checks.text),
    **dict.fromkeys(("seed", "epochs", "best_epoch", "steps", "skipped_steps"), json_checks.number),
    **dict.fromkeys(("valid", "test"), _METRICS),
    **dict.fromkeys(("folds", "trials"), items(mapping(json_checks.anything))),
    "rows": mapping(json_checks.number),
    "versions": mapping(json_checks.text),
    "intervals": mapping(_ends),
}
