"""Texts as one stream of tokens, and windows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.texts.column import FileTextColumn
from lamina.modalities.text.bags import FILL
from lamina.modalities.text.encoder import TextEncoder
from lamina.tasks.base import Examples
from lamina.tasks.examiner import AbstractExaminer, Asked
from lamina.tasks.language import streams
from lamina.tasks.language.streams import WindowStream

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable

DOCUMENT = "text of the passage"  # the column that says which one: no column of a person is called so


@dataclass(frozen=True)
class Stream:
    """The tokens of texts, one text after another, each with the end symbol behind it.

    Attention and states reach over the end of a text within a window: the end symbol says that something
    new begins.

    Args:
        tokens: int32.
    """

    tokens: np.ndarray

    def windows(self, context: int) -> np.ndarray:
        """Return windows of 2 · context + 1 tokens, one beginning at each multiple of context.

        A token is predicted by exactly one window, if each is read from its first token.

        Args:
            context: tokens that are read at once.

        Example:
            >>> Stream(np.arange(5, dtype=np.int32)).windows(2).tolist()
            [[0, 1, 2, 3, 4], [2, 3, 4, -1, -1]]
        """
        return _windows(self.tokens, context, 2 * context + 1, FILL)


def _windows(values: np.ndarray, step: int, width: int, fill: int) -> np.ndarray:
    """Return windows that begin at each multiple of a step and hold at least two values."""
    number = max(1, -(-(len(values) - 1) // step))
    padded = np.full((number - 1) * step + width, fill, np.int32)
    padded[: len(values)] = values[: len(padded)]
    return np.lib.stride_tricks.sliding_window_view(padded, width)[::step].copy()


def stream_of(encoders: Any, table: AbstractTable, rows: np.ndarray) -> Stream:
    """Return the tokens of passages; where the next one is of another text, the end symbol comes between.

    Args:
        encoders: fitted, with a symbol for the end.
        table: passages in their order, or whole texts.
        rows: indices of those that are wanted.
    """
    encoder, rows = encoders.only, np.asarray(rows)
    documents = table.scalar(DOCUMENT).numbers()[rows] if DOCUMENT in table.names else rows
    return joined(encoder, encoder.texts(table, rows), documents)


def joined(encoder: TextEncoder, texts: Sequence[str], documents: np.ndarray) -> Stream:
    """Return the tokens of passages as one stream.

    Args:
        encoder: fitted, with a symbol for the end.
        texts: passages in their order.
        documents: the number of the text that each is of.
    """
    bags = encoder.tokens.encode(list(texts))
    last = np.append(np.diff(documents) != 0, True)
    tokens = np.insert(bags.ids, bags.ends[last], encoder.tokens.symbols).astype(np.int32)
    return Stream(tokens)


def count_tokens(encoders: Any, table: AbstractTable, rows: np.ndarray) -> int:
    """Return how many tokens passages have; of those that stay in their files, about how many.

    Args:
        encoders: fitted, with a symbol for the end.
        table: passages in their order, or whole texts.
        rows: indices of those that are wanted.
    """
    column = table.column(encoders.only.name)
    if isinstance(column, FileTextColumn):
        return WindowStream(column.ranges.take(np.asarray(rows)), encoders.only, encoders.only.length).tokens
    return len(stream_of(encoders, table, rows).tokens)


def windows_of(encoders: Any, table: AbstractTable, rows: np.ndarray, context: int) -> Any:
    """Return windows of the tokens of passages: an array, or a stream of texts that stay in their files.

    Args:
        encoders: fitted, with a symbol for the end.
        table: passages in their order, or whole texts.
        rows: indices of those that are wanted.
        context: tokens that are read at once.
    """
    column = table.column(encoders.only.name)
    if isinstance(column, FileTextColumn):
        return WindowStream(column.ranges.take(np.asarray(rows)), encoders.only, context)
    return stream_of(encoders, table, rows).windows(context)


class Windows(AbstractExaminer):
    """Windows of the tokens of all texts; what is wanted are the bytes of each token to be predicted.

    Of texts that stay in their files so many windows are asked as `MOST_MEASURED` says, spread over them.
    """

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return the windows, each to be read from its first token."""
        windows = measured(windows_of(encoder, table, np.arange(table.height), target.context))
        return Asked(windows, target_bytes(windows, encoder.only, target.context), is_by_row=False)

    def watched(self, examples: Examples) -> Examples:
        """Return the windows by which a network is measured while it trains."""
        return watched(examples)


def measured(windows: Any) -> np.ndarray:
    """Return the windows by which a network is measured: all of an array, of a stream some, spread over it.

    Args:
        windows: from `windows_of`.
    """
    if isinstance(windows, np.ndarray):
        return windows
    return windows.take(windows.spread(streams.MOST_MEASURED))


def watched(examples: Examples) -> Examples:
    """Return the validation windows by which a network is measured while it trains.

    Args:
        examples: all validation windows.
    """
    windows = measured(examples.arrays["x"])
    return Examples({"x": windows, "weight": np.ones(len(windows), np.float32)}, len(windows))


def target_bytes(windows: np.ndarray, encoder: TextEncoder, context: int) -> np.ndarray:
    """Return the bytes of the tokens that windows predict, (windows, context); -1 behind the end.

    Args:
        windows: (windows, 2 · context + 1).
        encoder: fitted, with a symbol for the end, which stands for no byte.
        context: tokens that are read at once.
    """
    own = encoder.tokens.byte_lengths  # type: ignore[union-attr]
    lengths = np.append(own, [0, FILL]).astype(np.int32)  # the last one is where FILL, -1, leads
    return lengths[windows[:, 1 : context + 1]]
