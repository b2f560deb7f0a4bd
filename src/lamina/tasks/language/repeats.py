"""Held-out texts that repeat the training text: what is measured on them is remembered, not predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lamina.core.wording import counted, plain
from lamina.data.audit.findings import Finding, note, warning
from lamina.data.split import Split
from lamina.data.table import AbstractTable
from lamina.data.texts.column import FileTextColumn
from lamina.modalities.base import Subject
from lamina.modalities.text.encoder import texts_of
from lamina.tasks.language.passages import file_passages
from lamina.tasks.language.tokens import DOCUMENT

SHINGLE = 50  # bytes: some ten words, which two people hardly write alike
MOST_BYTES = 1 << 23  # of each side that are compared: of more, every second passage, or third …
WORTH_A_WARNING = 0.01  # share of the held-out text
NOUN = "document"
SHOWN = 60  # characters of an example in a message
_BASE = np.uint64(0x9E3779B97F4A7C15 | 1)  # odd, so that it has an inverse modulo 2^64


def repeated_texts(subject: Subject, split: Split, other: AbstractTable | None = None) -> Iterator[Finding]:
    """Yield what is to be said of held-out texts that repeat the training text, and of cut texts.

    Args:
        subject: the data with their roles.
        split: which rows train, validate and test.
        other: test data of their own, which are compared in place of the held-out rows.
    """
    table, name = subject.table, subject.schema.inputs[0].name
    where = (other or table).where(name=name)
    rows = np.sort(np.concatenate([split.valid, split.test]))
    known = _texts(table, name, split.train)
    held = _texts(table, name, rows) if other is None else _texts(other, name)
    share, example = repeated_share(known, held)
    if example:
        side = "test" if other is not None else "held-out"
        message = (
            f"at least {share:.1%} of the {side} text stands in the training text too, "
            f"in passages of {SHINGLE} bytes and more, such as '{plain(example, SHOWN)}': "
            "what is measured on it is partly remembered"
        )
        fix = "remove what is there twice, or hold out whole texts of other sources"
        say = warning if share >= WORTH_A_WARNING else note
        yield say("repeats-training-text", where, message, fix)
    if other is None:
        yield from _of_cut(table, split, rows)


def _texts(table: AbstractTable, name: str, rows: np.ndarray | None = None) -> list[str]:
    """Return all texts, or those of some rows; of files as many passages as are compared."""
    column = table.labels(name)
    if not isinstance(column, FileTextColumn):
        texts = texts_of(table, name, verbatim=True)
        return texts if rows is None else [texts[row] for row in rows.tolist()]
    own = file_passages(column.ranges) if rows is None else column.ranges.take(rows)
    return [own.text(row) for row in range(0, len(own), max(1, -(-own.nbytes // MOST_BYTES)))]


def _of_cut(table: AbstractTable, split: Split, held: np.ndarray) -> Iterator[Finding]:
    """Yield how many texts are cut, so that their beginnings train and their ends are held out."""
    texts = [column for column in map(table.column, table.names) if isinstance(column, FileTextColumn)]
    if DOCUMENT not in table.names and not texts:
        return
    documents = texts[0].ranges.numbers if texts else table.scalar(DOCUMENT).numbers()
    cut = np.intersect1d(documents[split.train], documents[held])
    if len(cut):
        message = (
            f"{counted(len(cut), NOUN)} {'is' if len(cut) == 1 else 'are'} cut: the beginning trains, the "
            "end is held out, so names and style of it stand on both sides"
        )
        yield note("cut-texts", table.source, message, "give other texts with --test to measure on new ones")


def repeated_share(known: Sequence[str], held: Sequence[str]) -> tuple[float, str]:
    """Return the share of some texts that stands in others in long passages, and an example of one.

    Blanks and line ends count as one blank. Every stretch of `SHINGLE` bytes has a hash, rolling over the
    text; a byte is repeated if any stretch around it is. O(bytes · log bytes), 16 bytes of memory for each.

    Args:
        known: texts that are learned from.
        held: texts that are measured on.

    Example:
        >>> line = "It was the best of times, it was the worst of times, it was the age of wisdom."
        >>> share, example = repeated_share([line], ["Then she said: " + line, "x" * 100])
        >>> round(share, 2), example[:20]
        (0.4, 'It was the best of t')
    """
    mine, theirs = _bytes_of(known), _bytes_of(held)
    if min(len(mine), len(theirs)) < SHINGLE:
        return 0.0, ""
    hits = np.isin(_hashes(theirs), _hashes(mine))
    if not hits.any():
        return 0.0, ""
    reach = np.concatenate([np.cumsum(hits), np.full(SHINGLE - 1, hits.sum())])
    before = np.concatenate([np.zeros(SHINGLE, np.int64), np.cumsum(hits)])[: len(reach)]
    first = int(hits.argmax())
    example = theirs[first : first + SHINGLE].tobytes().decode("utf-8", "ignore")
    return float((reach > before).mean()), example


def _bytes_of(texts: Sequence[str]) -> np.ndarray:
    """Return the bytes of texts, one after another, each run of blanks as one; of some of them if many."""
    step = max(1, -(-sum(map(len, texts)) // MOST_BYTES))
    kept = [" ".join(text.split()).encode("utf-8", "replace") for text in texts[::step]]
    return np.frombuffer(b"\0".join(kept)[:MOST_BYTES], np.uint8)


def _hashes(data: np.ndarray) -> np.ndarray:
    """Return a hash of each stretch: the difference of two sums of byte · base^place, divided by base^first.

    Reference: Karp, Rabin. Efficient randomized pattern-matching algorithms. IBM J. Res. Dev. 1987; here
    modulo 2^64 with an odd base, and bytes replaced by random words, against the structure of texts.
    """
    words = np.random.Generator(np.random.Philox(0)).integers(0, 1 << 64, 256, np.uint64)
    place = np.multiply.accumulate(np.full(len(data), _BASE, np.uint64))
    sums = np.cumsum(words[data] * place, dtype=np.uint64)
    sums[SHINGLE:] -= sums[:-SHINGLE].copy()
    inverse = np.uint64(pow(int(_BASE), -1, 1 << 64))
    back = np.multiply.accumulate(np.full(len(data), inverse, np.uint64))
    return sums[SHINGLE - 1 :] * back[: len(data) - SHINGLE + 1]
