"""Texts as one stream of tokens, and windows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.modalities.text.bags import FILL
from lamina.modalities.text.encoder import TextEncoder
from lamina.tasks.examiner import AbstractExaminer, Asked

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
        byte_lengths: how many bytes each symbol stands for.
    """

    tokens: np.ndarray
    byte_lengths: np.ndarray

    def windows(self, context: int) -> np.ndarray:
        """Return windows of 2 · context + 1 tokens, one beginning at each multiple of context.

        A token is predicted by exactly one window, if each is read from its first token.

        Args:
            context: tokens that are read at once.

        Example:
            >>> Stream(np.arange(5, dtype=np.int32), np.ones(5)).windows(2).tolist()
            [[0, 1, 2, 3, 4], [2, 3, 4, -1, -1]]
        """
        return _windows(self.tokens, context, 2 * context + 1, FILL)

    def target_bytes(self, context: int) -> np.ndarray:
        """Return the bytes of the tokens that `windows` predict, (windows, context); -1 behind the end.

        Args:
            context: tokens that are read at once.
        """
        lengths = self.byte_lengths[self.tokens].astype(np.int32)
        return _windows(lengths, context, context + 1, FILL)[:, 1:]


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
    lengths = encoder.tokens.byte_lengths  # type: ignore[union-attr]
    return Stream(tokens, np.append(lengths, 0))


class Windows(AbstractExaminer):
    """Windows of the tokens of all texts; what is wanted are the bytes of each token to be predicted."""

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return the windows, each to be read from its first token."""
        stream = stream_of(encoder, table, np.arange(table.height))
        windows = stream.windows(target.context)
        return Asked(windows, stream.target_bytes(target.context), is_by_row=False)
