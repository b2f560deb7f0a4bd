"""Words with a meaning of their own among the values of a table."""

from __future__ import annotations

MISSING_WORDS = (
    "", "?", "NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "-nan", "-NaN", "<NA>", "NaT",
    "null", "NULL", "Null", "None", "none",
)  # fmt: skip

# Words for "missing" beside numbers and dates, in small letters; among other words they may mean something.
UNKNOWN_WORDS = (
    "unknown", "unkn", "unk", "not known", "tbd", "tba", "tbc", "to be determined", "to be announced",
    "pending",
    "n.a.", "n.a", "n. a.", "n/d", "n.d.", "nd", "not available", "not applicable", "not specified",
    "unspecified",
    "undefined", "missing", "no data", "nil", "-", "--", "---", "–", "—", ".", "..", "...", "…", "(unknown)",
    "(none)", "(missing)", "(blank)", "#value!", "#ref!", "#div/0!",
)  # fmt: skip

NUMERIC_SHARE = 0.95  # a text column with at least so many numbers is a numeric column

SPLIT_WORDS = {
    "train": "train", "training": "train",
    "valid": "valid", "val": "valid", "validation": "valid", "dev": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
# How heads, relations and tails are called in files; by the first two triples are known unasked.
TRIPLE_NAMES = (
    ("head", "relation", "tail"), ("subject", "predicate", "object"), ("subject", "relation", "object"),
    ("source", "relation", "target"), ("h", "r", "t"), ("s", "p", "o"),
)  # fmt: skip
UNUSED = "unused"  # in a split column: a row that is in no part


def looks_numeric(word: str) -> bool:
    """Return whether a text is a number.

    Example:
        >>> [looks_numeric(word) for word in ("12", "-1.5e3", "1_000", "abc")]
        [True, True, False, False]
    """
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word
