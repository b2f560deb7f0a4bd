"""Maps of vectors: points along the two directions in which the vectors differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lamina.core.page import Axis, Mark, Plot, Points, Series
from lamina.core.wording import plain

COLORS = ("blue", "orange", "green", "violet", "red", "ink")  # of groups, in turn
OTHERS = "others"
FEWEST = 3  # vectors


def principal_plane(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """Return vectors along their first two principal components, and the share of variance these hold.

    Each component's largest coordinate is positive, so that equal vectors give equal maps.

    Args:
        vectors: (rows, features), finite.

    Returns:
        float64 (rows, 2), and a number from 0 to 1. O(rows · features²)

    Example:
        >>> places, share = principal_plane(np.array([[0.0, 1.0, 5.0], [0.0, 3.0, 5.0], [0.0, 8.0, 5.0]]))
        >>> places.round(3).tolist(), share
        ([[-3.0, 0.0], [-1.0, 0.0], [4.0, 0.0]], 1.0)

    References:
        Pearson. On lines and planes of closest fit to systems of points in space. 1901.
    """
    centered = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0, dtype=np.float64)
    _, sizes, directions = np.linalg.svd(centered, full_matrices=False)
    largest = np.abs(directions).argmax(axis=1)
    signs = np.where(directions[np.arange(len(directions)), largest] < 0, -1.0, 1.0)
    places = np.zeros((len(centered), 2))
    found = centered @ (directions * signs[:, None])[:2].T
    places[:, : found.shape[1]] = np.where(sizes[None, :2] > 0, found, 0.0)
    total = float(np.square(sizes).sum())
    return places, float(np.square(sizes[:2]).sum() / total) if total else 0.0


def plane_plot(
    vectors: np.ndarray,
    groups: Sequence[str] = (),
    *,
    name: str,
    title: str,
    note: str,
    order: Sequence[str] = (),
    named: Mapping[int, str] | None = None,
) -> Plot | None:
    """Return a map of vectors, or None where there are too few, or one is not finite.

    Args:
        vectors: (rows, features).
        groups: of each row, which gives its color; none at all: they are not told apart.
        name: of the figure.
        title: of the figure.
        note: what is said below it, before the share of the variance.
        order: of groups in the legend; the largest first without. Beyond six they share one color.
        named: row → its name, written beside its point; the most important first.
    """
    if len(vectors) < FEWEST or not np.isfinite(vectors).all():
        return None
    places, share = principal_plane(vectors)
    x, y = Axis("first component"), Axis("second component")
    marks = tuple(Mark(places[row, 0], text, places[row, 1]) for row, text in (named or {}).items())
    panel = Points(_series(places, groups, order), marks=marks, x=x, y=y)
    said = f"{note} Principal components of their vectors; the two hold {share:.0%} of their variance."
    return Plot(name, title, (panel,), alt=f"{len(places)} points.", note=said)


def _series(places: np.ndarray, groups: Sequence[str], order: Sequence[str]) -> tuple[Series, ...]:
    x, y = places.T
    if not groups:
        return (Series("", x, y),)
    names, codes, counts = np.unique(np.array(groups, object), return_inverse=True, return_counts=True)
    ranked = [names[place] for place in np.argsort(-counts, kind="stable").tolist()]
    shown = [name for name in (order or ranked) if name in set(ranked)]
    # Of one more group than there are colors, the last is shown in the color of the others by its name.
    shown = shown if len(shown) <= len(COLORS) + 1 else [*shown[: len(COLORS)], OTHERS]
    place = {name: number for number, name in enumerate(shown)}
    of = np.array([place.get(name, len(shown) - 1) for name in names.tolist()])[codes]
    colors = (*COLORS, "muted")
    found = [
        Series(plain(name, 40), x[of == number], y[of == number], color=colors[number])
        for number, name in enumerate(shown)
    ]
    return tuple(found)
