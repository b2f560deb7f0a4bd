"""Files of triples: head, relation and tail on each line, with tabs between, with or without a header."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lamina.core.errors import DataError
from lamina.data.frame import FrameTable
from lamina.data.readers.parsers import text
from lamina.data.words import TRIPLE_NAMES, looks_numeric

NAMES = TRIPLE_NAMES[0]


def is_header(fields: Sequence[str]) -> bool:
    """Return whether three fields are names of the columns of triples.

    Example:
        >>> is_header(["Head", "Relation", "Tail"]), is_header(["Rome", "capital_of", "Italy"])
        (True, False)
    """
    return tuple(field.strip().lower() for field in fields) in TRIPLE_NAMES


def looks_like_triples(lines: Sequence[str]) -> bool:
    r"""Return whether each line has three fields that are filled in, the middle ones being words.

    Args:
        lines: some of a file, two at least.

    Example:
        >>> looks_like_triples(["Rome\tcapital_of\tItaly", "Italy\tin\tEurope"])
        True
        >>> looks_like_triples(["a\t1.5\tx", "b\t2.5\ty"])
        False
    """
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    if len(rows) < 2 or any(len(row) != 3 or not all(map(str.strip, row)) for row in rows):
        return False
    return not any(looks_numeric(row[1]) for row in rows[1:])


def repeats_its_first(lines: Sequence[str]) -> bool:
    r"""Return whether a field of the first line stands in another one, as no name of a column would.

    A first line of words above numbers is a header, whatever it repeats.

    Args:
        lines: of triples.

    Example:
        >>> repeats_its_first(["Rome\tcapital_of\tItaly", "Italy\tin\tEurope"])
        True
        >>> repeats_its_first(["who\tdoes\twhat", "Rome\tis_in\tItaly", "Italy\tis_in\tEurope"])
        False
    """
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    (head, relation, tail), others = rows[0], rows[1:]
    for place, name in enumerate(rows[0]):
        if not looks_numeric(name) and all(looks_numeric(row[place]) for row in others if len(row) == 3):
            return False
    return any(len(r) == 3 and (r[1] == relation or {head, tail} & {r[0], r[2]}) for r in others)


def read_triples(path: str, *, encoding: str | None = None) -> FrameTable:
    """Return the table of a file of triples: columns head, relation and tail, all of them texts.

    A header is passed over, whatever it calls the columns. Quotes and words such as NA are parts of names.

    Args:
        path: the file, perhaps packed.
        encoding: of the file; UTF-8 without, and a guess, which is said, where it is not.

    Raises:
        DataError: a line has not three fields, or one is empty.
    """
    given = text.load_utf8(path, encoding)
    lines = [line.rstrip("\r") for line in text.decoded(given).split("\n")]
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) != 3 or not all(fields):
            raise DataError(
                "not a triple",
                where=given.where(number),
                expected="head, relation and tail, with tabs between",
                received=repr(line[:60]),
                fix="complete the line, or remove it",
            )
        rows.append(fields)
        numbers.append(number)
    if rows and is_header(rows[0]):
        rows, numbers = rows[1:], numbers[1:]
    if not rows:
        raise DataError("there is no triple", where=given.source, fix="write one on each line")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row")
    import numpy as np

    return FrameTable(
        frame,
        source=given.source,
        first_line=1,
        lines=np.array(numbers),
        remarks=given.remarks,
        doubts=given.doubts,
        clean=False,
    )
