"""Rows of streams, taken in a background thread while the device computes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from lamina.data.stream import AbstractStream

MOST_AHEAD = 256 << 20  # bytes that are taken ahead


class Ahead:
    """Takes rows of streams before they are asked for.

    What is asked for is found whether it was taken ahead or not: a wrong guess costs time, no more.

    Args:
        streams: all of one length.
    """

    def __init__(self, streams: Sequence[AbstractStream]):
        self.streams = list(streams)
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="ahead") if self.streams else None
        self._begun: Future[tuple[np.ndarray, list[np.ndarray]]] | None = None

    def begin(self, rows: np.ndarray) -> None:
        """Begin to take some rows, unless they are too many to be held beside those that are in use.

        Args:
            rows: indices that will probably be asked for next, in any order.
        """
        rows = np.unique(rows)
        each = sum(stream.nbytes / max(1, stream.shape[0]) for stream in self.streams)
        if self._threads is not None and rows.size and each * rows.size <= MOST_AHEAD:
            self._begun = self._threads.submit(lambda: (rows, self._fresh(rows)))

    def take(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return the rows of each stream.

        Args:
            rows: different indices, in any order.
        """
        begun, self._begun = self._begun, None
        if begun is None:
            return self._fresh(rows)
        known, arrays = begun.result()
        there = np.isin(rows, known)
        if not there.any():
            return self._fresh(rows)
        others = self._fresh(rows[~there]) if not there.all() else None
        places = np.searchsorted(known, rows[there])
        found = [np.empty((len(rows), *array.shape[1:]), array.dtype) for array in arrays]
        for number, (whole, array) in enumerate(zip(found, arrays, strict=True)):
            whole[there] = array[places]
            if others is not None:
                whole[~there] = others[number]
        return found

    def _fresh(self, rows: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(stream.take(rows)) for stream in self.streams]
