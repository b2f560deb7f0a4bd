"""What the report says of a language model: what it writes, and how far its probabilities can be believed."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Paragraph, Section, Table
from lamina.modalities.base import Outcome
from lamina.objectives.next_token import NO_TARGET
from lamina.tasks.language.balance import balance_sections

SAMPLES = ((0.5, 240), (0.8, 240), (1.0, 240))  # temperature, tokens
BINS = 10


def language_sections(outcome: Outcome) -> list[Section]:
    """Return what the network writes, the calibration of its probabilities, and the use of its experts.

    Args:
        outcome: of the run.
    """
    return [*_samples(outcome), *_calibration(outcome), *balance_sections(outcome)]


def _samples(outcome: Outcome) -> list[Section]:
    """Return texts that were written without a prompt, at several temperatures."""
    from lamina.tasks.language.generate import Writer
    from lamina.tasks.language.verbs import GenerateKeys

    if outcome.seconds <= 0 or not hasattr(outcome.model, "extend"):
        return []
    (encoder,) = outcome.encoder.encoders.values()
    writer = Writer(outcome.model, encoder, encoder.length)
    rows = [
        (f"{temperature}", writer.write([""], GenerateKeys(tokens=tokens, temperature=temperature))[0])
        for temperature, tokens in SAMPLES
    ]
    words = "Written without a prompt. At a low temperature the likely is chosen more often than it is."
    return [
        Section("What it writes", (Paragraph(words), Table(("temperature", "what it wrote"), tuple(rows))))
    ]


def _calibration(outcome: Outcome) -> list[Section]:
    """Return how often the likeliest token came, by how likely the network said it was."""
    if outcome.decoded is None or outcome.targets is None:
        return []
    counted = outcome.targets != NO_TARGET
    stated, came = outcome.decoded[..., 1][counted], outcome.decoded[..., 2][counted]
    bins = np.minimum((stated * BINS).astype(int), BINS - 1)
    rows: list[tuple[Any, ...]] = []
    for index in np.unique(bins).tolist():
        own = bins == index
        said = f"{index / BINS:.1f} to {(index + 1) / BINS:.1f}"
        rows.append((said, f"{stated[own].mean():.3f}", f"{came[own].mean():.3f}", f"{int(own.sum()):,}"))
    words = "Where stated and observed agree, the probabilities can be believed."
    heads = ("stated probability", "mean stated", "came", "tokens")
    return [
        Section("How far its probabilities can be believed", (Paragraph(words), Table(heads, tuple(rows))))
    ]
