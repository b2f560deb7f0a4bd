"""What the report says of a masked language model: how good it is, and what it guessed."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Block, Bullets, Marked, Paragraph, Plot, Section, Table
from lamina.core.wording import LINE_END, on_one_line
from lamina.modalities.base import Outcome
from lamina.objectives.masked_token import GUESS, LOG_P, PLACE, SEEN, TOP_P, guessed
from lamina.objectives.metrics import metric_number
from lamina.tasks.attention_maps import attention_of_text
from lamina.tasks.calibration import calibration
from lamina.tasks.language.balance import balance_sections
from lamina.tasks.metric_table import metric_table, metric_tiles

LEADING = ("accuracy", "perplexity", "loss")
SHOWN_WINDOWS, SHOWN_GUESSES = 3, 12
HIDDEN = "▢"  # what stands for a mask in an example


def masked_sections(outcome: Outcome) -> list[Section]:
    """Return headline, examples, metrics, calibration, the use of experts, maps of attention and limits.

    Args:
        outcome: of the run.
    """
    found = [_summary(outcome), *_examples(outcome), *_quality(outcome), *balance_sections(outcome)]
    return [*found, *attention_of_text(outcome), _limits()]


def _summary(outcome: Outcome) -> Section:
    if not outcome.metrics:
        return Section("In short", (Paragraph("Nothing was measured: no text was held out.", "lead"),))
    where = "of the test text" if outcome.evaluated == "test" else "held out for validation"
    right = 100 * outcome.metrics["accuracy"]
    among = metric_number(outcome.metrics["perplexity"], outcome.intervals.get("perplexity"))
    lead = (
        f"Of tokens that were hidden in text {where}, the network guesses {right:.0f} % right at its first "
        f"choice; it hesitates as between {among} tokens that are equally likely."
    )
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _examples(outcome: Outcome) -> list[Section]:
    """Return some windows, what was hidden in them, and what was guessed."""
    if outcome.decoded is None or outcome.targets is None or not len(outcome.targets):
        return []
    right, counted = guessed(outcome.decoded, outcome.targets)
    windows = np.linspace(0, len(outcome.targets) - 1, SHOWN_WINDOWS).round().astype(int)
    words = (
        f"Of the {outcome.evaluated} text. {HIDDEN} is a hidden token; where one of its kind is put in its "
        "place, or it is left as it is, that is shown. Blue was guessed right, orange wrong."
    )
    blocks: list[Block] = [Paragraph(words, "note")]
    for window in dict.fromkeys(windows.tolist()):
        own = np.flatnonzero(counted[window])
        own = own[np.argsort(outcome.decoded[window, own, PLACE])]
        if own.size:
            blocks += _example(outcome, window, own, right[window])
    return [Section("What it guesses", tuple(blocks))] if len(blocks) > 1 else []


def _example(outcome: Outcome, window: int, own: np.ndarray, right: np.ndarray) -> list[Block]:
    """Return a window as it was seen, and a table of its hidden tokens."""
    tokens: Any = outcome.encoder.only.tokens
    targets, decoded = np.asarray(outcome.targets)[window], np.asarray(outcome.decoded)[window]
    found = {int(decoded[slot, PLACE]): slot for slot in own.tolist()}
    parts = []
    for place, token in enumerate(targets[targets >= 0].tolist()):
        slot = found.get(place)
        seen = token if slot is None else int(decoded[slot, SEEN])
        parts.append((_word(tokens, seen), 0.0 if slot is None else (1.0 if right[slot] else -1.0)))
    rows = []
    for slot in own[:SHOWN_GUESSES].tolist():
        true, guess = int(targets[int(decoded[slot, PLACE])]), int(decoded[slot, GUESS])
        chance = f"{np.exp(decoded[slot, LOG_P]):.1%}"
        rows.append((_quoted(tokens, true), chance, _quoted(tokens, guess), f"{decoded[slot, TOP_P]:.1%}"))
    heads = ("hidden token", "its probability", "guess", "probability of the guess")
    return [Marked(tuple(parts)), Table(heads, tuple(rows), numeric=(1, 3))]


def _word(tokens: Any, token: int) -> str:
    """Return a token as a text; behind the tokens of the text stand its end and the mask."""
    if token >= tokens.symbols:
        return f" {HIDDEN} " if token > tokens.symbols else LINE_END
    return on_one_line(tokens.decode([token]))


def _quoted(tokens: Any, token: int) -> str:
    return f"“{_word(tokens, token)}”"


def _quality(outcome: Outcome) -> list[Section]:
    if not outcome.metrics:
        return []
    return [Section("How good it is", (metric_table(outcome), *_calibration(outcome)))]


def _calibration(outcome: Outcome) -> tuple[Plot, ...]:
    """Return how often the likeliest token stood there, by how likely the network said it was."""
    if outcome.decoded is None or outcome.targets is None:
        return ()
    right, counted = guessed(outcome.decoded, outcome.targets)
    stated = outcome.decoded[..., TOP_P][counted].astype(np.float64)
    plot = calibration(right[counted], stated, "the likeliest token", noun="hidden tokens")
    return () if plot is None else (plot,)


def _limits() -> Section:
    sentences = (
        "It guesses what is likely in its place, not what is true.",
        "Perplexity is that of a hidden token with both sides known: it cannot be compared with that of a "
        "language model, and depends on the tokens.",
        "Vectors of texts (`lamina embed`) tell alike texts of the kind that training had.",
    )
    return Section("Limits", (Bullets(sentences),))
