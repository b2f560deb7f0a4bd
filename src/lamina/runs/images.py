"""What a report shows of images, gathered from a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.hashing import hashed_keys
from lamina.core.tree import named_arrays
from lamina.data.encoders import ImageEncoder
from lamina.modalities.image.augment import Augmentation
from lamina.train.step.program import StepContext

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.network import Fitted

SAMPLES, MISTAKES = 27, 18


def image_content(fitted: Fitted, table: AbstractTable | None) -> dict[str, Any]:
    """Return samples, mistakes and filters for the report; nothing where there are no images.

    Args:
        fitted: network, data and what training gave back.
        table: the evaluated rows, or None.
    """
    if not isinstance(fitted.network.encoder, ImageEncoder):
        return {}
    found: dict[str, Any] = {"samples": _samples(fitted), "filters": _filters(fitted)}
    if table is not None:
        found["mistakes"] = _mistakes(fitted, table)
    return found


def _images(encoder: ImageEncoder, table: AbstractTable, rows: np.ndarray) -> np.ndarray:
    images = encoder.transform(table, rows)
    return images if isinstance(images, np.ndarray) else images.take(np.arange(len(rows)))


def _samples(fitted: Fitted) -> list[tuple[np.ndarray, str]]:
    """Return some training images, augmented, with their labels; as many of each class as can be."""
    network, prepared = fitted.network, fitted.prepared
    rows = prepared.folds[0][0]
    rows = np.random.default_rng(prepared.config.seed).permutation(rows)[: 40 * SAMPLES]
    targets = network.truth(prepared.table.take(rows))[0]
    if network.task.kind in ("binary", "multiclass"):  # the first of each class, the second of each …
        order = np.argsort(targets, kind="stable")
        starts = np.searchsorted(targets[order], targets[order])
        rows, targets = (values[order[np.lexsort((targets[order], np.arange(len(order)) - starts))]]
                         for values in (rows, targets))  # fmt: skip
    rows, targets = rows[:SAMPLES], targets[:SAMPLES]
    images = _images(network.encoder, prepared.table, rows)  # type: ignore[arg-type]
    augmentation = Augmentation.of(prepared.config.augment)
    if augmentation is not None:
        batch = {"x": images, "y": np.arange(len(rows)), "weight": np.ones(len(rows), np.float32)}
        key = hashed_keys(prepared.config.seed, 1)[0]
        changed = augmentation(batch, StepContext(key, key, np.arange(len(rows)), np.int32(0)))
        images = np.asarray(changed["x"]).clip(0, 255)
    return [(image, _label(fitted, target)) for image, target in zip(images, targets, strict=True)]


def _label(fitted: Fitted, target: Any) -> str:
    network = fitted.network
    if network.task.kind in ("binary", "multiclass"):
        return str(network.labels[int(target)])
    if network.task.kind == "multilabel":
        return (
            " ".join(str(label) for label, is_on in zip(network.labels, target, strict=True) if is_on) or "–"
        )
    return f"{np.ravel(target)[0]:.4g}"


def _mistakes(fitted: Fitted, table: AbstractTable) -> list[tuple[np.ndarray, str]]:
    """Return the images of which the network was surest and wrong."""
    part, network = fitted.test or fitted.valid, fitted.network
    if part is None or network.task.kind not in ("binary", "multiclass"):
        return []
    decoded, truth = part
    chosen, sure = decoded.argmax(-1), decoded.max(-1)
    wrong = np.flatnonzero(chosen != truth)
    rows = wrong[np.argsort(-sure[wrong], kind="stable")][:MISTAKES]
    if not len(rows):
        return []
    images = _images(network.encoder, table, rows)  # type: ignore[arg-type]
    return [
        (image, f"{network.labels[chosen[row]]}\n{sure[row]:.0%}\n({network.labels[truth[row]]})")
        for image, row in zip(images, rows, strict=True)
    ]


def _filters(fitted: Fitted) -> np.ndarray | None:
    """Return the kernels of the first convolution, (n, y, x, c)."""
    for name, array in named_arrays(fitted.network.model).items():
        if name.endswith("weight") and array.ndim == 4:
            kernels = np.asarray(array, np.float32).transpose(0, 2, 3, 1)
            return kernels if kernels.shape[-1] in (1, 3) and min(kernels.shape[1:3]) > 1 else None
    return None
