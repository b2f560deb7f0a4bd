"""Whether a column holds free text, judged from its values."""

from __future__ import annotations

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
LETTERS_SHARE = 0.5  # of the characters, blanks aside: codes and coordinates have fewer


def is_free_text(column: AbstractColumn) -> bool:
    """Return whether the values of a column are free text: sentences, or names that hardly ever repeat.

    Numbers, dates, categories by their type, and single words are not.

    Args:
        column: any column.
    """
    if not isinstance(column, ScalarColumn) or column.storage != "string" or column.categorical:
        return False
    sample = dates.sample_of(column)
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


def _letters(sample: list[str]) -> float:
    """Return the share of letters among the characters that are no blanks."""
    text = "".join("".join(sample).split())
    return sum(map(str.isalpha, text)) / max(1, len(text))


def readable(column: AbstractColumn) -> bool:
    """Return whether a column can be read as texts at all, whatever its values are like."""
    return isinstance(column, ScalarColumn) and column.storage == "string"
