"""What a report says of any run, whatever was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run beside its predictions; what is left out is left out of the page.

    Args:
        model: the model, such as "mlp".
        reason: why this model, one sentence.
        parameters: how many numbers were learned.
        device: where it was trained.
        seed: the seed of the run.
        seconds: how long the run took, compilation included.
        compile_seconds: how much of that was compilation.
        evaluated: which rows were evaluated, ``"test"`` or ``"validation"``.
        evaluated_rows: how many examples were measured.
        history: one list a quantity, one entry an epoch: ``epoch``, ``train_loss``, ``valid_loss``.
        watched: name and values of what people watch beside the loss, or None.
        best_epoch: the epoch whose weights were kept, or None.
        rows: row counts by split, such as ``{"train": 800, "valid": 200}``.
        columns: each with name, kind ("dropped" and "target" are known words) and note.
        findings: the audit's, each with level, message, where and fix.
        trials: what was tried, any keys alike in each; ``chosen`` marks the one kept.
        config: every key, resolved.
        command: what to type to get the same again.
        versions: of packages, by name.
        noun: what a row of the data is called.
        evaluated_noun: what an example that was measured is called.
    """

    model: str
    reason: str = ""
    parameters: int = 0
    device: str = ""
    seed: int = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0
    evaluated: str = "validation"
    evaluated_rows: int = 0
    history: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    watched: tuple[str, Sequence[Any]] | None = None
    best_epoch: int | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    columns: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    trials: Sequence[Mapping[str, Any]] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    noun: str = "row"
    evaluated_noun: str = "row"
