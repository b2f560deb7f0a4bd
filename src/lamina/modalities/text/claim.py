"""Whether a column holds free text, judged from its values."""

from __future__ import annotations

import re

import numpy as np

from lamina.data import dates
from lamina.data.forms import reads_as_date, reads_as_number
from lamina.data.table import AbstractColumn, ScalarColumn
from lamina.modalities.text.normal import count_words

SENTENCE_WORDS = 4  # words on average in a sentence
NAME_WORDS = 2  # … in a name or title, which is text where nearly every row has another
UNIQUE_SHARE = 0.9
FEWEST_DIFFERENT = 50  # sentences; fewer are categories with long names
SMALLEST_JUDGED = 10  # rows below which "all different" says nothing
DOCUMENT_LENGTH = 180  # characters on average, of the first 200 of each: no category has such a name
LISTS_SHARE = 0.5  # of the values that are lists, as genres are: Comedy|Drama
_BETWEEN = re.compile(r"[|;]")
LETTERS_SHARE = 0.5  # of the characters, blanks aside: codes and coordinates have fewer


def is_free_text(column: AbstractColumn) -> bool:
    """Return whether values are free text: sentences, names that hardly ever repeat, or lists of words.

    Numbers, dates, categories by their type, and single words are not.

    Args:
        column: any column.
    """
    if not isinstance(column, ScalarColumn) or column.storage != "string" or column.categorical:
        return False
    sample = dates.sample_of(column)
    if sample and np.mean([len(value) for value in sample]) >= DOCUMENT_LENGTH:
        return True
    if _are_lists(sample) and len(column.distinct().values) >= FEWEST_DIFFERENT:
        return True
    if not sample or np.mean([count_words(value) for value in sample]) < NAME_WORDS:
        return False
    if _letters(sample) < LETTERS_SHARE or reads_as_number(column) or reads_as_date(column):
        return False
    return _differ_enough(column, float(np.mean([count_words(value) for value in sample])))


def _differ_enough(column: ScalarColumn, words: float) -> bool:
    """Return whether there are too many different values for categories."""
    known = len(column) - int(np.count_nonzero(column.missing()))
    different = len(column.distinct().values)
    unique = different >= UNIQUE_SHARE * known
    if words >= SENTENCE_WORDS:
        return different >= FEWEST_DIFFERENT or (unique and known >= SMALLEST_JUDGED)
    return unique and known >= SMALLEST_JUDGED


def _are_lists(sample: list[str]) -> bool:
    """Return whether most values are words with a bar or a semicolon between, and the words come again."""
    words = [[word for word in _BETWEEN.split(value) if word.strip()] for value in sample]
    several = sum(len(own) > 1 for own in words)
    all_words = [word for own in words for word in own]
    return several >= LISTS_SHARE * max(1, len(sample)) and 2 * len({*all_words}) <= len(all_words)


def _letters(sample: list[str]) -> float:
    """Return the share of letters among the characters that are no blanks."""
    text = "".join("".join(sample).split())
    return sum(map(str.isalpha, text)) / max(1, len(text))


def readable(column: AbstractColumn) -> bool:
    """Return whether a column can be read as texts at all, whatever its values are like."""
    return isinstance(column, ScalarColumn) and column.storage == "string"
