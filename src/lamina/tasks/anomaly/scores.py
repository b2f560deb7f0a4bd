"""Scores of rows: how odd each is, by which columns or where in the image."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.wording import counted
from lamina.data.images.encode import encoded
from lamina.tasks.anomaly.cells import CellSpace
from lamina.tasks.anomaly.maps import error_maps, gathered
from lamina.tasks.anomaly.reasons import place_words, reasons_of, shares_of

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

MOST_MAPS = 256  # images with a map of errors, the oddest ones


@dataclass(frozen=True, eq=False)
class Scores:
    """How odd rows are.

    Args:
        score: of each row; higher is odder.
        p_value: how likely a usual row has such a score or a higher one; NaN where nothing was held out.
        is_anomaly: whether the score lies above the threshold.
        threshold: the score, or None where nothing was held out.
        reasons: what is odd about each row, as text.
        columns: whose shares `shares` has, or empty for images.
        shares: of what is odd about each row, by column, (rows, columns).
        maps: row → error of each pixel, for the oddest images.
    """

    score: np.ndarray
    p_value: np.ndarray
    is_anomaly: np.ndarray
    threshold: float | None
    reasons: tuple[str, ...]
    columns: tuple[str, ...]
    shares: np.ndarray
    maps: dict[int, np.ndarray]

    def __len__(self) -> int:
        return len(self.score)

    def lines(self) -> Iterator[str]:
        """Yield a table as CSV, line by line: the rows as they came."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(("row", "score", "p_value", "is_anomaly", "reason"))
        for number, record in enumerate(self.records()):
            if number:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
            writer.writerow(record.values())
        yield buffer.getvalue()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield what is said of each row, rows counted from 1."""
        for row in range(len(self)):
            yield {
                "row": row + 1,
                "score": float(f"{self.score[row]:.7g}"),
                "p_value": None if np.isnan(self.p_value[row]) else float(f"{self.p_value[row]:.4g}"),
                "is_anomaly": int(self.is_anomaly[row]),
                "reason": self.reasons[row],
            }

    def told(self) -> dict[str, Any]:
        """Return how many rows and anomalies there are."""
        anomalies = int(self.is_anomaly.sum())
        return {"rows": len(self), "anomalies": anomalies, "threshold": self.threshold}

    def as_csv(self) -> bytes:
        """Return a CSV file."""
        return "".join(self.lines()).encode()

    def as_jsonl(self) -> bytes:
        """Return a file of JSON objects, one a row."""
        return "".join(f"{json.dumps(own, ensure_ascii=False)}\n" for own in self.records()).encode()

    def as_npz(self) -> bytes:
        """Return an npz file of the scores, with shares of columns or maps of errors."""
        rows = np.array(sorted(self.maps), np.int64)
        maps = np.stack([self.maps[row] for row in rows.tolist()]) if len(rows) else np.zeros((0, 0, 0))
        beside: dict[str, Any] = {"shares": self.shares, "columns": np.array(self.columns)}
        if not self.columns:
            beside = {"map_rows": rows, "maps": maps}
        buffer = io.BytesIO()
        np.savez(buffer, score=self.score, p_value=self.p_value, is_anomaly=self.is_anomaly, **beside)
        return buffer.getvalue()

    def as_folder(self) -> dict[str, bytes]:
        """Return a PNG file of the error of each of the oddest images, and a CSV file of all.

        Raises:
            ConfigError: rows of a table have no images.
        """
        if self.columns:
            raise ConfigError("rows of a table are written to a file", expected="--out scores.csv")
        width = len(str(len(self)))
        most = max((float(own.max()) for own in self.maps.values()), default=1.0) or 1.0
        found = {f"{row + 1:0{width}}.png": encoded(_shade(own, most)) for row, own in self.maps.items()}
        return {**found, "scores.csv": self.as_csv()}

    def __str__(self) -> str:
        """Return one line for a person."""
        said = counted(int(self.is_anomaly.sum()), "anomaly", "anomalies")
        return f"{said} among {counted(len(self), 'row')}"


def scores_of(network: Any, table: AbstractTable, contamination: float | None = None) -> Scores:
    """Return how odd the rows of a table are.

    Args:
        network: trained.
        table: from `lamina.network.network.Network.read`.
        contamination: share of rows taken to be anomalies, that of training without.

    Raises:
        DataError: the data do not fit the network.
    """
    target = network.target
    encoded = network.encoder.transform(table)
    decoded = network.decoded(network.task.examiner.inputs(encoded, table, target))
    score = decoded[:, 0].astype(np.float64)
    threshold = target.threshold if contamination is None else target.threshold_of(contamination)
    is_anomaly = np.zeros(len(score), bool) if threshold is None else score > threshold
    facts = score, target.p_values(score), is_anomaly, threshold
    if isinstance(target.space, CellSpace):
        found = reasons_of(target.space, encoded, table, decoded[:, 1:])
        names, shares = shares_of(target.space, decoded[:, 1:])
        words = tuple("; ".join(map(str, own)) for own in found)
        return Scores(*facts, words, tuple(names), shares, {})
    oddest = np.sort(np.argsort(-score, kind="stable")[:MOST_MAPS])
    own = error_maps(network.decoded, network.objective, gathered(encoded, oddest))
    maps = dict(zip(oddest.tolist(), own, strict=True))
    words = tuple(place_words(maps[row]) if row in maps else "" for row in range(len(score)))
    return Scores(*facts, words, (), np.zeros((len(score), 0)), maps)


def _shade(errors: np.ndarray, most: float) -> np.ndarray:
    """Return errors as a gray image, the largest of all white."""
    return np.rint(255 * np.sqrt(errors / most)).astype(np.uint8)[..., None]
