"""Images of any size through a network: whole where they are small, else in tiles that overlap."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

LARGEST_WHOLE = 1 << 18  # pixels of an image that is improved whole
TILE, MARGIN = 448, 32  # pixels of a tile, and what it sees around itself
STEP = 32  # sides are filled up to multiples, so that few programs compile


def improve(objective: Any, model: Any, given: np.ndarray, *, turns: bool = False) -> np.ndarray:
    """Return a better image.

    A tile sees `MARGIN` pixels around itself, so that no seams show; beyond the image lies its mirror image.

    Args:
        objective: of enhancement.
        model: trained.
        given: a degraded image as the network takes it, float32 (y, x, k) in [-1, 1].
        turns: average what becomes of it turned and mirrored in all eight positions.

    Returns:
        float32 (y · scale, x · scale, c).
    """
    height, width, _ = given.shape
    scale = objective.degradation.scale
    if height * width <= LARGEST_WHOLE:
        below, right = -height % STEP, -width % STEP
        whole = np.pad(given, ((0, below), (0, right), (0, 0)), mode="symmetric")
        return _once(objective, model, whole, turns)[: height * scale, : width * scale]
    rows, columns = -(-height // TILE), -(-width // TILE)
    after = (rows * TILE - height + MARGIN, columns * TILE - width + MARGIN)
    padded = np.pad(given, ((MARGIN, after[0]), (MARGIN, after[1]), (0, 0)), mode="symmetric")
    parts: list[np.ndarray] = []
    inner = slice(MARGIN * scale, (MARGIN + TILE) * scale)
    for row in range(rows):
        tiles = [_tile(padded, row, column) for column in range(columns)]
        parts.append(np.concatenate([_once(objective, model, t, turns)[inner, inner] for t in tiles], axis=1))
    return np.concatenate(parts)[: height * scale, : width * scale]


def _tile(padded: np.ndarray, row: int, column: int) -> np.ndarray:
    side = TILE + 2 * MARGIN
    return padded[row * TILE : row * TILE + side, column * TILE : column * TILE + side]


def _once(objective: Any, model: Any, given: np.ndarray, turns: bool) -> np.ndarray:
    """Return one tile improved, or the mean of its eight positions."""
    if not turns:
        return _called(objective, model, given)
    found = [back(_called(objective, model, there)) for there, back in _positions(given)]
    return np.stack(found).mean(axis=0)


def _positions(image: np.ndarray) -> Iterator[tuple[np.ndarray, Any]]:
    """Yield an image turned and mirrored in each of eight ways, and what undoes it."""
    for quarter in range(4):
        turned = np.rot90(image, quarter)
        yield turned, functools.partial(_undone, quarter=quarter, mirrored=False)
        yield turned[:, ::-1], functools.partial(_undone, quarter=quarter, mirrored=True)


def _undone(image: np.ndarray, *, quarter: int, mirrored: bool) -> np.ndarray:
    return np.rot90(image[:, ::-1] if mirrored else image, -quarter)


def _called(objective: Any, model: Any, given: np.ndarray) -> np.ndarray:
    import jax

    found = _improved()(objective, model, np.ascontiguousarray(given[None], np.float32))
    return np.asarray(jax.device_get(found), np.float32)[0]


@functools.cache
def _improved() -> Any:
    import jax

    return jax.jit(lambda objective, model, given: objective.improved(model, given), static_argnums=0)
