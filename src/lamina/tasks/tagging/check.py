"""Checks of tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from lamina.core.tag_scheme import Scheme, codes_of
from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable
from lamina.modalities.text.encoder import texts_of

NAMED = 5


def of_tags(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield what is wrong with a column of tags.

    Args:
        table: the data, claimed.
        schema: columns and their roles.
    """
    name, text = schema.targets[0], schema.inputs[0].name
    given = [tags.split() for tags in texts_of(table, name, verbatim=True)]
    words = np.array([len(own.split()) for own in texts_of(table, text, verbatim=True)])
    found = np.array([len(tags) for tags in given])
    bad = np.flatnonzero(found != words)
    if bad.size:
        row = int(bad[0])
        others = f"; so in {counted(bad.size, 'row')}" if bad.size > 1 else ""
        message = f"{counted(int(found[row]), 'tag')} for {counted(int(words[row]), 'word')}{others}"
        fix = "give each word one tag, with blanks between; correct the rows, or remove them"
        yield error("tag-count", table.where(row, name), message, fix)
        return
    counts = Counter(tag for tags in given for tag in tags)
    if len(counts) < 2:
        message = f"every word has the tag {next(iter(counts), '')!r}: there is nothing to learn"
        yield error("target-constant", table.where(name=name), message, "name the column of tags")
        return
    yield from _of_rare(table, name, counts)
    yield from _of_breaks(table, name, given, tuple(sorted(counts)))


def _of_rare(table: AbstractTable, name: str, counts: Counter[str]) -> Iterator[Finding]:
    """Yield the note on tags that stand once: nothing can be held out to measure them."""
    once = sorted(tag for tag, count in counts.items() if count == 1)
    if once:
        more = " …" if len(once) > NAMED else ""
        tags = ", ".join(once[:NAMED])
        yield note("rare-tag", table.where(name=name), f"{counted(len(once), 'tag')} seen once: {tags}{more}")


def _of_breaks(
    table: AbstractTable, name: str, given: list[list[str]], labels: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield the note on tags that go on with an entity which does not stand before."""
    scheme = Scheme(labels)
    if not scheme.has_entities:
        return
    known = {label: code for code, label in enumerate(labels)}
    codes = codes_of([[known[tag] for tag in tags] for tags in given], max(map(len, given), default=0))
    rows, places = np.nonzero(scheme.breaks(codes))
    if rows.size:
        tag, row = labels[codes[rows[0], places[0]]], int(rows[0])
        message = f"{counted(rows.size, 'tag')} such as {tag} (word {places[0] + 1}) without its B- before"
        yield note("tag-without-begin", table.where(row, name), f"{message}: taken as a beginning")


def of_unseen_tags(table: AbstractTable, other: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield the error for a tag of test data that no training row has.

    Args:
        table: the training data, claimed.
        other: the test data, claimed.
        schema: columns and their roles.
    """
    name = schema.targets[0]
    known = {tag for tags in texts_of(table, name, verbatim=True) for tag in tags.split()}
    for row, tags in enumerate(texts_of(other, name, verbatim=True)):
        foreign = next((tag for tag in tags.split() if tag not in known), None)
        if foreign is not None:
            fix = "correct the tag, remove the row, or train with rows of this tag"
            message = f"no training row has the tag {foreign!r}"
            yield error("unseen-label", other.where(row, name), message, fix)
            return
