"""Columns that hold a tag for each word of another column."""

from __future__ import annotations

import re

import numpy as np

from lamina.data.sample import sample_indices
from lamina.data.table import AbstractTable, ScalarColumn

MOST_JUDGED = 1_000  # rows
SHARE = 0.9  # of the rows that have as many tags as words: a few faults are named, no reason to doubt
FEWEST_ROWS = 5
TAGS_PER_TAG = 5  # tags of all rows to a different one: words of another text are more different
_ENTITY = re.compile(r"O|[BSUIMEL]-.+")


def tagged_column(table: AbstractTable, target: str, *, share: float = SHARE) -> str | None:
    """Return the column of texts whose words the target has a tag for, or None.

    Of several the one with the largest share of rows that agree.

    Args:
        table: the data.
        target: a column.
        share: of the rows that have as many tags as words, at least.
    """
    texts = [n for n in table.text_names if n != target and table.column(n).storage == "string"]
    rows = sample_indices(table.height, MOST_JUDGED)
    wanted = _counts(table, target, rows) if texts else None
    if wanted is None or not wanted.any():
        return None
    best, found = 0.0, None
    for name in texts:
        given = _counts(table, name, rows)
        agreed = 0.0 if given is None else float((given == wanted).mean())
        if agreed > best and agreed >= share:
            best, found = agreed, name
    return found


def holds_tags(table: AbstractTable, target: str) -> bool:
    """Return whether a column holds a tag for each word of another one, judged from its values.

    The tags are few different ones beside all that stand there, and either all of a form such as ``B-city``
    or ``O``, or as many as the words in rows of different lengths, which differ more.

    Args:
        table: the data.
        target: a column.

    Example:
        >>> from lamina.data import read
        >>> table = read({"text": ["to Rome", "so", "from Rome to Bonn"] * 9,
        ...               "tags": ["O B-city", "O", "O B-city O B-city"] * 9})
        >>> holds_tags(table, "tags"), holds_tags(table, "text")
        (True, False)
    """
    rows = sample_indices(table.height, MOST_JUDGED)
    text = tagged_column(table, target) if rows.size >= FEWEST_ROWS else None
    if text is None:
        return False
    tags, words = (_words(table, name, rows) for name in (target, text))
    different = set(tags)
    if all(_ENTITY.fullmatch(tag) for tag in different):
        return True
    counts = _counts(table, target, rows)
    varied = counts is not None and len({*counts.tolist()}) > 2
    return varied and TAGS_PER_TAG * len(different) <= len(tags) and len(different) < len(set(words))


def _words(table: AbstractTable, name: str, rows: np.ndarray) -> list[str]:
    """Return the words of the texts of some rows."""
    return [word for text in _texts(table, name, rows) or [] for word in text.split()]


def _texts(table: AbstractTable, name: str, rows: np.ndarray) -> list[str] | None:
    """Return the texts of some rows, empty where there is none; None where the column holds no texts."""
    if name in table.cell_names:
        return None
    column = table.labels(name)
    if not isinstance(column, ScalarColumn) or column.storage != "string":
        return None
    return [text or "" for text in column.take(rows).texts().to_list()]


def _counts(table: AbstractTable, name: str, rows: np.ndarray) -> np.ndarray | None:
    """Return how many words the texts of some rows have."""
    texts = _texts(table, name, rows)
    return None if texts is None else np.array([len(text.split()) for text in texts])
