"""What the report says of a network that improves images."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from lamina.core.page import Bullets, Images, Paragraph, Plot, Section
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number
from lamina.tasks.enhance.keys import COLORIZE, DENOISE, INPAINT, EnhanceKeys, words_of
from lamina.tasks.metric_table import metric_table, metric_tiles
from lamina.tasks.samples.images import as_bytes
from lamina.tasks.samples.pairs import PAIRS

SHOWN, ACROSS = 4, 3
LEADING = ("psnr", "ssim", "psnr_before")
LIMITS = {
    DENOISE: "Noise of another kind or strength than in training is removed in part, or details with it.",
    INPAINT: "What is put into a hole is likely, not what was there.",
    COLORIZE: "Colors are likely ones, and paler than true ones where several are possible.",
    PAIRS: "Images that were degraded in another manner than the pairs may get worse.",
}
OF_SIZE = (
    "Details are made up where the small image does not have them; images that were reduced in another "
    "manner may get worse."
)


def enhance_sections(outcome: Outcome) -> list[Section]:
    """Return headline, images before and after, metrics and limits.

    Args:
        outcome: of the run.
    """
    keys = _keys_of(outcome)
    return [_summary(outcome, keys), *_pairs(outcome), *_quality(outcome), _limits(outcome.target.method)]


def _keys_of(outcome: Outcome) -> EnhanceKeys:
    own = {name: outcome.keys.get(name) for name in ("degrade", "sigma", "hole", "crop")}
    return EnhanceKeys(**{name: value for name, value in own.items() if value is not None})  # type: ignore[arg-type]


def _summary(outcome: Outcome, keys: EnhanceKeys) -> Section:
    lead = f"The network {words_of(keys, outcome.target.method)}."
    if not outcome.metrics:
        return Section(
            "In short", (Paragraph(f"{lead} Nothing was measured: no image was held out.", "lead"),)
        )
    where = "of the test set" if outcome.evaluated == "test" else "held out for validation"
    before = metric_number(outcome.metrics["psnr_before"], outcome.intervals.get("psnr_before"))
    after = metric_number(outcome.metrics["psnr"], outcome.intervals.get("psnr"))
    lead += f" On {outcome.count:,} images {where} it raises the PSNR from {before} to {after} dB."
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _pairs(outcome: Outcome) -> list[Section]:
    """Return held-out images before and after, those it helped least and most among them."""
    if outcome.held_out is None or outcome.decoded is None or not len(outcome.decoded):
        return []
    order = np.argsort(outcome.decoded[:, 0], kind="stable")
    rows = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).round().astype(int))]
    images, captions = [], []
    for row in rows.tolist():
        own = outcome.decoded[row]
        images += _shown(outcome, row)
        captions += [f"before, {own[2]:.1f} dB", f"after, {own[0]:.1f} dB", "clean"]
    panel = Images(images, tuple(captions), across=ACROSS)
    note = f"Of the {outcome.evaluated} images, from the lowest PSNR to the highest."
    plot = Plot(
        "pairs", "Before, after, clean", (panel,), alt=f"{len(rows)} images before and after.", note=note
    )
    return [Section("What it does", (plot,))]


def _shown(outcome: Outcome, row: int) -> list[np.ndarray]:
    """Return what the network starts from, what it makes of it, and the clean image, uint8 each."""
    import jax

    from lamina.objectives.enhancement import MEASURED

    own = outcome.held_out.take(np.array([row]))  # type: ignore[union-attr]
    x: Any = outcome.target.space.arrays(outcome.encoder, own)
    levels = x if isinstance(x, np.ndarray) else x.take(np.array([0]))
    clean, start, found = jax.device_get(_run()(outcome.objective, outcome.model, levels, MEASURED))
    return [as_bytes(own[0]) for own in (start, found, clean)]


@functools.cache
def _run() -> Any:
    import jax

    def run(objective: Any, model: Any, levels: Any, key: int) -> Any:
        return objective.shown_pairs(model, levels, key=key)

    return jax.jit(run, static_argnums=(0, 3))


def _quality(outcome: Outcome) -> list[Section]:
    return [Section("How good it is", (metric_table(outcome),))] if outcome.metrics else []


def _limits(method: str) -> Section:
    sentences = (
        LIMITS.get(method, OF_SIZE),
        "Figures hold for images like those of training that are degraded in the same manner.",
        "An improved image shows what is likely: it is no evidence of what was there.",
    )
    return Section("Limits", (Bullets(sentences),))
