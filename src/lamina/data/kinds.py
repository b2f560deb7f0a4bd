"""What a column holds, judged from its values and, for identifiers, from its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.data import dates, leaks
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.table import LARGEST_EXACT_INTEGER, AbstractColumn, AbstractTable, ScalarColumn
from lamina.data.words import NUMERIC_SHARE, SPLIT_WORDS, looks_numeric

UNIQUE_SHARE = 0.9  # texts that differ in so many rows cannot be learned as categories
TEXT_WORDS = 5  # average words in free text
COUNTER = "counts the rows"
SMALLEST_JUDGED = 10  # rows below which "all different" says nothing

_IDENTIFIER_NAME = re.compile(
    r"(^|[_\-. ])(id|ids|uid|uuid|guid|key|index|idx|rowid|row|rownum|rownames|serial|identifier)"
    r"($|[_\-. ]?no\.?$)"
    r"|[a-z](Id|ID|UUID|Key)$|^unnamed: ?\d+$|^column_1$|^record$|^instant$",
)
_SERIAL = re.compile(
    r"^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"  # UUID
    r"|(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}"  # hash
    r"|[A-Za-z]{0,6}[_\-#/. ]?\d{2,}(?:[_\-/.]\d+)*"  # serial number: AB-00123
    r"|[A-Z0-9]{8,})$"
)


EQUALS_TARGET = "equals the target"
CONSTANT = "every row holds the same value"
ON_REQUEST = "dropped on request"
BESIDE_IMAGES = "only the images are learned from"


@dataclass(frozen=True)
class Description:
    """What was found out about a column; ``reason`` is why it is left out, or empty."""

    name: str
    kind: str
    detail: str = ""
    reason: str = ""


def describe_all(
    table: AbstractTable, names: Sequence[str], *, targets: Sequence[str], task: str, keep: Sequence[str]
) -> list[Description]:
    """Return the kind of each column, and why it cannot be an input, if so; beside images none can."""
    images = [name for name in names if table.column(name).storage == IMAGE]
    if not images:
        return never_empty(
            [describe(table, name, targets=targets, task=task, kept=name in keep) for name in names]
        )
    return [
        describe(table, name, targets=targets, task=task, kept=True)
        if name in images
        else Description(name, "", reason=BESIDE_IMAGES)
        for name in names
    ]


def describe(
    table: AbstractTable, name: str, *, targets: Sequence[str], task: str, kept: bool
) -> Description:
    """Return the kind of a column, and why it cannot be an input, if so."""
    column = table.column(name)
    if isinstance(column, ImageColumn):
        return Description(name, IMAGE, detail=_size_of(column))
    found = _describe(table.scalar(name), kept)
    if found.reason and not kept:
        return found
    if not kept and found.kind != "datetime" and leaks.equals_target(table, name, targets, task):
        return Description(name, found.kind, found.detail, reason=EQUALS_TARGET)
    return Description(name, found.kind, found.detail)


def never_empty(described: list[Description]) -> list[Description]:
    """Return the descriptions, with doubtful columns taken back in where there would be no input at all.

    A single column that counts the rows, or that a simple law ties to the target, is what there is to learn
    from: it stays, and its detail says why it is doubtful.
    """
    if any(not d.reason for d in described):
        return described
    doubtful = [d for d in described if d.reason == EQUALS_TARGET or (d.kind == "numeric" and d.reason)]
    return [replace(d, detail=f"doubtful: {d.reason}", reason="") if d in doubtful else d for d in described]


def _describe(column: ScalarColumn, kept: bool) -> Description:
    """Return the kind of a column by its storage."""
    missing = column.missing()
    if missing.all():
        return Description(column.name, "constant", reason="every value is missing")
    if column.storage == "string":
        return _describe_text(column, missing, kept)
    numbers = column.numbers()
    if not missing.any() and (numbers == numbers[0]).all() and len(column.distinct().values) == 1:
        return Description(column.name, "constant", reason=CONSTANT)
    if column.storage in ("boolean", "datetime"):
        return Description(column.name, column.storage)
    if column.storage == "integer" and not missing.any() and not kept:
        reason = integer_identifier(column, numbers)
        if reason:
            return Description(column.name, "numeric", reason=reason)
    if column.categorical:
        return Description(column.name, "category")
    return Description(column.name, "numeric")


def _size_of(column: ImageColumn) -> str:
    """Return the one size of images and their channels as ``28x28x1``, or that there are several."""
    sizes = column.images.sizes()
    sizes = sizes[sizes.all(axis=1)]
    if not len(sizes) or (sizes != sizes[0]).any():
        return "mixed sizes"
    return f"{sizes[0, 0]}x{sizes[0, 1]}x{1 if column.images.is_gray() else 3}"


def integer_identifier(column: ScalarColumn, numbers: np.ndarray) -> str:
    """Return why integers are an identifier, or an empty text.

    All different, and: named like one, or counting up from 0 or 1, or too large to be a quantity.
    """
    rows, low, high = numbers.size, numbers.min(), numbers.max()
    if rows < SMALLEST_JUDGED or high - low < rows - 1:
        return ""
    counting = low in (0, 1) and high - low == rows - 1
    huge = max(-low, high) > LARGEST_EXACT_INTEGER
    if not (counting or huge or named_like_identifier(column.name)):
        return ""
    different = len(column.distinct().values) if huge else np.unique(numbers).size
    if different < (UNIQUE_SHARE * rows if huge else rows):
        return ""
    return f"identifier ({COUNTER if counting else 'every value is different'})"


def named_like_identifier(name: str) -> bool:
    """Return whether a column is named as identifiers are.

    Example:
        >>> [named_like_identifier(name) for name in ("id", "PassengerId", "user_id", "humidity", "grid")]
        [True, True, True, False, False]
    """
    return bool(_IDENTIFIER_NAME.search(name) or _IDENTIFIER_NAME.search(name.lower()))


def _describe_text(column: ScalarColumn, missing: np.ndarray, kept: bool) -> Description:
    """Return the kind of a column of texts."""
    name, known = column.name, np.flatnonzero(~missing)
    sample = dates.sample_of(column)
    if not column.categorical:
        if sum(map(looks_numeric, sample)) >= 0.5 * len(sample):
            if np.count_nonzero(~np.isnan(column.numbers())) >= NUMERIC_SHARE * known.size:
                return Description(name, "numeric", detail="read from text")
        form = dates.find_format(column)
        if form:
            return Description(name, "datetime", detail=form)
    values = column.distinct().values
    if len(values) == 1 and known.size == missing.size:
        return Description(name, "constant", reason=CONSTANT)
    if kept or known.size < SMALLEST_JUDGED or len(values) < UNIQUE_SHARE * known.size:
        return Description(name, "category")
    words = float(np.mean([len(value.split()) for value in sample]))
    if words >= TEXT_WORDS:
        return Description(name, "text", reason="free text (each value is a sentence of its own)")
    if len(values) == known.size or words < 2:
        serial = named_like_identifier(name) or np.mean([bool(_SERIAL.match(v)) for v in sample]) > 0.9
        reason = (
            "every value is different" if len(values) == known.size else "almost every value is different"
        )
        return Description(name, "identifier" if serial else "text", reason=f"identifier ({reason})")
    return Description(name, "text", reason="free text (almost every value is different)")


def holds_split_words(column: AbstractColumn) -> bool:
    """Return whether a column holds the words train, valid and test, and nothing else."""
    if not isinstance(column, ScalarColumn) or column.storage != "string" or column.missing().any():
        return False
    words = {str(v).strip().lower() for v in column.distinct().values}
    return words <= set(SPLIT_WORDS) and len(words) > 1 and "train" in {SPLIT_WORDS[w] for w in words}
