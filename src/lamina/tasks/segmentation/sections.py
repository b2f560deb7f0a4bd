"""What a report says of masks."""

from __future__ import annotations

import numpy as np

from lamina.core.page import Bullets, Images, Paragraph, Plot, Section
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number
from lamina.tasks.metric_table import metric_table, metric_tiles

SHOWN, ACROSS = 12, 4
LEADING = ("ap50", "iou", "dice")


def mask_sections(outcome: Outcome) -> list[Section]:
    """Return headline, metrics, overlays and limits.

    Args:
        outcome: of the run.
    """
    return [_summary(outcome), _quality(outcome), _limits(outcome)]


def _summary(outcome: Outcome) -> Section:
    if not outcome.metrics:
        return Section("In short", (Paragraph("Nothing was measured: no image was held out.", "lead"),))
    where = "of the test set" if outcome.evaluated == "test" else "held out for validation"
    value = metric_number(outcome.metrics["iou"], outcome.intervals.get("iou"))
    lead = (
        f"On {outcome.count:,} images {where}, predicted and true areas share {value} of what either covers "
        "(intersection over union; 1 is perfect)."
    )
    if "ap50" in outcome.metrics:
        found = metric_number(outcome.metrics["ap50"], outcome.intervals.get("ap50"))
        lead += (
            f" Of all instances, found, missed or invented, {found} are matched at an overlap of one half."
        )
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _quality(outcome: Outcome) -> Section:
    overlays = _overlays(outcome)
    blocks = (metric_table(outcome), *([] if overlays is None else [overlays]))
    return Section("How good it is", blocks)


def _overlays(outcome: Outcome) -> Plot | None:
    """Return images with the masks that were predicted, the worst ones first."""
    if outcome.table is None or outcome.decoded is None or outcome.targets is None:
        return None
    agreement = _agreement(outcome)
    rows = np.argsort(agreement, kind="stable")[:SHOWN]
    rows = np.concatenate([rows[: SHOWN // 2], np.argsort(-agreement, kind="stable")[: SHOWN // 2]])
    rows = np.array(list(dict.fromkeys(rows.tolist())))
    x = outcome.transform(outcome.table.take(rows))
    images = x if isinstance(x, np.ndarray) else x.take(np.arange(len(rows)))
    masks = [outcome.point(outcome.decoded[row : row + 1])[0] for row in rows]
    panel = Images(
        list(images),
        tuple(f"Dice {agreement[row]:.2f}" for row in rows),
        masks,
        across=ACROSS,
        title="The worst, then the best: predicted masks",
    )
    note = f"Images of the {outcome.evaluated} rows; each color is a class or an instance."
    return Plot("masks", "Predicted masks", (panel,), alt=f"{len(rows)} images with their masks.", note=note)


def _agreement(outcome: Outcome) -> np.ndarray:
    """Return the Dice coefficient of the foreground of each image."""
    found = np.stack([outcome.point(maps[None])[0] for maps in outcome.decoded]) > 0  # type: ignore[union-attr]
    true = np.asarray(outcome.targets) > 0
    both = (found & true).sum(axis=(1, 2))
    return (2 * both + 1) / (found.sum(axis=(1, 2)) + true.sum(axis=(1, 2)) + 1)


def _limits(outcome: Outcome) -> Section:
    sentences = (
        "Masks hold for images that were taken as the training images were; another device, light or "
        "magnification asks for masks of its own.",
        "Small areas weigh as little as they are large: look at those that matter one by one.",
    )
    return Section("Limits", (Bullets(sentences),))
