"""What the report says of a language model: how good it is, and what it writes."""

from __future__ import annotations

import numpy as np

from lamina.core.page import Axis, Bullets, Line, Paragraph, Plot, Section, Series
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number
from lamina.objectives.next_token import NO_TARGET
from lamina.tasks.attention_maps import attention_of_text
from lamina.tasks.calibration import calibration
from lamina.tasks.language.balance import balance_sections
from lamina.tasks.language.previews import texts_over_training
from lamina.tasks.metric_table import metric_table, metric_tiles

TEMPERATURES = (0.5, 0.8, 1.0)
SAMPLED = 240  # tokens
LEADING = ("bits_per_byte", "perplexity", "loss")


def language_sections(outcome: Outcome) -> list[Section]:
    """Return headline, samples, metrics, calibration, the use of experts and limits.

    Args:
        outcome: of the run.
    """
    found = [_summary(outcome), *_samples(outcome), *texts_over_training(outcome), *_quality(outcome)]
    found += _progress(outcome)
    return [*found, *attention_of_text(outcome), *balance_sections(outcome), _limits()]


def _summary(outcome: Outcome) -> Section:
    if not outcome.metrics:
        return Section("In short", (Paragraph("Nothing was measured: no text was held out.", "lead"),))
    where = "of the test text" if outcome.evaluated == "test" else "held out for validation"
    bits = metric_number(outcome.metrics["bits_per_byte"], outcome.intervals.get("bits_per_byte"))
    right = 100 * outcome.metrics["accuracy"]
    lead = (
        f"On text {where} the network needs {bits} bits for each byte (8 without knowing anything), "
        f"and its first choice is the next token in {right:.0f} % of the cases."
    )
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _samples(outcome: Outcome) -> list[Section]:
    """Return texts that were written without a prompt, at several temperatures."""
    from lamina.tasks.language.generate import Writer
    from lamina.tasks.language.verbs import GenerateKeys

    if outcome.seconds <= 0 or not hasattr(outcome.model, "extend"):
        return []
    encoder = outcome.encoder.only
    writer = Writer(outcome.model, encoder, encoder.length)
    words = "Written without a prompt. The lower the temperature, the more often the likely is chosen."
    blocks: list[Paragraph] = [Paragraph(words)]
    for temperature in TEMPERATURES:
        keys = GenerateKeys(tokens=SAMPLED, temperature=temperature, seed=outcome.seed)
        blocks.append(Paragraph(f"Temperature {temperature}", "heading"))
        blocks.append(Paragraph(writer.write([""], keys)[0], "code"))
    return [Section("What it writes", tuple(blocks))]


def _quality(outcome: Outcome) -> list[Section]:
    if not outcome.metrics:
        return []
    blocks = (metric_table(outcome), *_calibration(outcome))
    return [Section("How good it is", blocks)]


def _calibration(outcome: Outcome) -> tuple[Plot, ...]:
    """Return how often the likeliest token came, by how likely the network said it was."""
    if outcome.decoded is None or outcome.targets is None:
        return ()
    counted = outcome.targets != NO_TARGET
    stated, came = outcome.decoded[..., 1][counted], outcome.decoded[..., 2][counted]
    plot = calibration(came > 0, stated.astype(np.float64), "the likeliest token", noun="tokens")
    return () if plot is None else (plot,)


def _progress(outcome: Outcome) -> list[Section]:
    """Return the losses by tokens read and by compute; nothing where no epoch was recorded."""
    from lamina.core.tree import parameter_count

    epochs, tokens = outcome.history.get("epoch", ()), tokens_of_epoch(outcome)
    if not len(epochs) or not tokens:
        return []
    parameters = parameter_count(outcome.model)
    read = tokens * np.asarray(epochs, np.float64)
    compute = 6.0 * parameters * read
    panels = tuple(
        Line(_losses(outcome, x), title=title, x=Axis(label), y=Axis("loss"))
        for x, title, label in (
            (read, "Loss by tokens", "tokens read"),
            (compute, "Loss by compute", "floating-point operations"),
        )
        if len(x) > 1
    )
    words = (
        f"An epoch reads {tokens:,.0f} tokens. Compute is taken as 6 operations for each of "
        f"{parameters:,} parameters and each token: 2 forward, 4 backward, attention left out. All: "
        f"{read[-1]:.3g} tokens, {compute[-1]:.3g} operations."
    )
    blocks = (Plot("loss_by_tokens", "Loss by tokens and compute", panels, alt=words),)
    return [Section("What it took to learn", (Paragraph(words), *(blocks if panels else ())))]


def tokens_of_epoch(outcome: Outcome) -> float:
    """Return how many tokens an epoch reads; 0 where it is not known.

    Args:
        outcome: of the run.
    """
    keys, target = outcome.keys, outcome.target
    if keys.get("steps_per_epoch"):
        return float(keys["steps_per_epoch"]) * float(keys["batch_size"]) * target.context
    return float(target.tokens)


def _losses(outcome: Outcome, x: np.ndarray) -> tuple[Series, ...]:
    """Return the losses of training and validation over something that grows with the epochs."""
    found = []
    for name, label, color in (("train_loss", "training", "blue"), ("valid_loss", "validation", "orange")):
        given = outcome.history.get(name, ())
        values = np.array([np.nan if value is None else float(value) for value in given])
        if np.isfinite(values).any():
            found.append(Series(label, x[: len(values)], values, color=color))
    return tuple(found)


def _limits() -> Section:
    return Section(
        "Limits",
        (
            Bullets(
                (
                    "It writes what is likely after what it read, not what is true.",
                    "It can repeat passages of its training text word for word.",
                    "Perplexity and loss depend on the tokens; bits per byte compare any networks.",
                )
            ),
        ),
    )
