"""What a network for anomalies knows beside its weights: scores of rows that it has not learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError
from lamina.core.json_checks import anything, optional, record, wrong
from lamina.tasks.anomaly.cells import CELLS, CellSpace
from lamina.tasks.base import AbstractTarget
from lamina.tasks.samples.images import ImageSpace
from lamina.tasks.samples.space import AbstractSpace

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

MOST_KEPT = 2_000  # scores of held-out rows: as many quantiles say as much
_FORM = record(
    space=anything,
    contamination=json_checks.number,
    scores=json_checks.numbers,
    moments=json_checks.numbers,
    usual=json_checks.numbers,
    label=optional(record(name=json_checks.text, odd=json_checks.text)),
)


class AnomalyTarget(AbstractTarget):
    """How odd rows are that the network has not learned from, to compare others with.

    Args:
        space: of the rows.
        contamination: share of rows that are taken to be anomalies.
        scores: of held-out rows, increasing; empty before the network is trained, and where none are held
            out.
        usual: the median of each cell's surprise among these rows.
        label: column that says which rows are anomalies, or empty; it is measured by, never learned from.
        odd: its value for anomalies.
    """

    def __init__(
        self,
        space: AbstractSpace,
        contamination: float,
        *,
        scores: np.ndarray | None = None,
        moments: np.ndarray | None = None,
        usual: np.ndarray | None = None,
        label: str = "",
        odd: str = "",
    ):
        self.space, self.contamination, self.label, self.odd = space, contamination, label, odd
        self.scores = np.zeros(0) if scores is None else scores
        self.moments = np.array([0.0, 1.0, 0.0, 1.0]) if moments is None else moments
        self.usual = np.zeros(0) if usual is None else usual
        self.names = (label,) if label else ()

    @property
    def inputs(self) -> Any:
        """What a model is told of the rows."""
        return self.space.inputs(0)

    @property
    def threshold(self) -> float | None:
        """The score above which a row counts as an anomaly; None without scores of held-out rows."""
        return self.threshold_of(self.contamination)

    def threshold_of(self, contamination: float) -> float | None:
        """Return the score that a share of held-out rows exceeds.

        Args:
            contamination: the share.
        """
        return float(np.quantile(self.scores, 1 - contamination)) if self.scores.size else None

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """Return how likely a usual row has such a score or a higher one.

        p = (1 + held-out rows with such a score or a higher one) / (1 + held-out rows)

        Args:
            scores: of rows.

        References:
            Laxhammar, Falkman. Conformal prediction for distribution-independent anomaly detection. 2011.
        """
        if not self.scores.size:
            return np.full(len(scores), np.nan)
        higher = self.scores.size - np.searchsorted(self.scores, scores, side="left")
        return (1 + higher) / (1 + self.scores.size)

    def calibrated(self, decoded: np.ndarray) -> AnomalyTarget:
        """Return the target with what held-out rows teach: how errors and rarities are spread, and scores.

        Args:
            decoded: answers of the network: errors of columns and their rarities, or of images the error.
        """
        target = AnomalyTarget(self.space, self.contamination, label=self.label, odd=self.odd)
        if isinstance(self.space, CellSpace) and len(decoded):
            totals = _halves(decoded).sum(axis=2)
            spread = np.maximum(totals.std(axis=1), 1e-6)
            target.moments = np.stack([totals.mean(axis=1), spread], axis=1).reshape(-1)
            target.usual = np.median(decoded, axis=0).astype(np.float64)
        scores = np.sort(target.in_unit(decoded)[:, 0].astype(np.float64))
        if scores.size > MOST_KEPT:
            scores = np.quantile(scores, np.linspace(0, 1, MOST_KEPT))
        target.scores = scores
        return target

    def in_unit(self, decoded: np.ndarray) -> np.ndarray:
        """Return the score of each row, and of a table how odd each column is, float32 (n, 1 + columns).

        score = (error - mean) / std + (rarity - mean) / std, each summed over the columns; a column's part of
        it is counted from what is usual for the column.
        """
        if not isinstance(self.space, CellSpace):
            return decoded
        halves = _halves(decoded)
        (error_mean, error_std), (rarity_mean, rarity_std) = self.moments.reshape(2, 2)
        error, rarity = halves.sum(axis=2)
        score = (error - error_mean) / error_std + (rarity - rarity_mean) / rarity_std
        usual = self.usual if self.usual.size else np.zeros(decoded.shape[1])
        beyond = np.maximum(halves - usual.reshape(2, 1, -1), 0.0)
        columns = beyond[0] / error_std + beyond[1] / rarity_std
        return np.concatenate([score[:, None], columns], axis=1).astype(np.float32)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return nothing for each row: labels are not learned from."""
        return np.full(table.height if rows is None else len(rows), -1, np.int32)

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return 1 for each anomaly and 0 for each other row; NaN where the data do not say."""
        if not self.label or self.label not in table.names:
            return np.full(table.height, np.nan, np.float32)
        column = table.scalar(self.label)
        found = column.distinct()
        is_odd = np.array([word == self.odd for word in found.spellings()] + [False], np.float32)
        return np.where(column.missing(), np.float32(np.nan), is_odd[found.codes])

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return the scores."""
        return decoded[:, 0]

    def caption(self, value: Any) -> str:
        """Return whether a row is known to be an anomaly."""
        return "" if np.isnan(value) else ("anomaly" if value else "usual")

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        label = {"name": self.label, "odd": self.odd} if self.label else None
        return {
            "space": self.space.to_json(),
            "contamination": self.contamination,
            "scores": self.scores.tolist(),
            "moments": self.moments.tolist(),
            "usual": self.usual.tolist(),
            "label": label,
        }

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> AnomalyTarget:
        """Return the target in an artifact's JSON, each field checked.

        Raises:
            ArtifactError: a field has the wrong form.
        """
        _FORM(stored, place)
        own, within = stored["space"], f"{place}.space"
        is_cells = isinstance(own, dict) and own.get("kind") == CELLS
        space = CellSpace.restore(own, within) if is_cells else ImageSpace.restore(own, within)
        label = stored["label"] or {"name": "", "odd": ""}
        arrays = {name: np.array(stored[name], np.float64) for name in ("scores", "moments", "usual")}
        _check_sizes(space, arrays, place)
        return AnomalyTarget(space, stored["contamination"], **arrays, label=label["name"], odd=label["odd"])


def _halves(decoded: np.ndarray) -> np.ndarray:
    """Return errors and rarities of the columns apart, float64 (2, n, columns)."""
    return np.stack(np.split(decoded.astype(np.float64), 2, axis=1))


def _check_sizes(space: AbstractSpace, arrays: Mapping[str, np.ndarray], place: str) -> None:
    """Refuse arrays of a length that does not fit the columns.

    Raises:
        ArtifactError: naming the array.
    """
    columns = len(space.names) if isinstance(space, CellSpace) else 0
    if arrays["usual"].size not in (0, 2 * columns):
        raise wrong(f"{place}.usual", f"{2 * columns} numbers", arrays["usual"].size)
    if arrays["moments"].size != 4 or (arrays["moments"][1::2] <= 0).any():
        raise wrong(f"{place}.moments", "two means, each with a deviation", arrays["moments"].tolist())


ODD_WORDS = (
    "1",
    "true",
    "yes",
    "anomaly",
    "anomalous",
    "outlier",
    "fraud",
    "attack",
    "abnormal",
    "defect",
    "odd",
)


def odd_value(table: AbstractTable, name: str) -> str:
    """Return the value of a column of labels that stands for anomalies: a usual word, else the rarer one.

    Args:
        table: the data.
        name: of the column.

    Raises:
        DataError: there are not two values.
    """
    found = table.scalar(name).distinct()
    words, counts = list(found.spellings()), found.counts()
    words, counts = zip(*[(w, c) for w, c in zip(words, counts, strict=True) if c], strict=True)
    if len(words) != 2:
        message = "a column that says which rows are anomalies has two values, such as 0 and 1"
        raise DataError(message, where=table.where(name=name), received=", ".join(words[:5]))
    usual = [word for word in words if word.lower() in ODD_WORDS]
    return usual[0] if len(usual) == 1 else words[int(np.argmin(counts))]
