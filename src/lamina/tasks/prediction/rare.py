"""Classes with too few rows for a split: refused, left out, or made one class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.findings import note, warning
from lamina.data.audit.roles import listed
from lamina.data.audit.splits import parts_of
from lamina.data.schema import Schema
from lamina.data.split import SplitKeys
from lamina.data.table import AbstractTable, Distinct, free_name
from lamina.tasks.base import Selection

REFUSE, DROP, MERGE = "refuse", "drop", "merge"
RARE = "(rare)"


def select_classes(table: AbstractTable, schema: Schema, split: SplitKeys, rare: str) -> Selection:
    """Return the rows and labels that are learned from, where some classes have too few rows.

    A class has too few rows where it has fewer than the split has parts. With ``drop`` its rows are left
    out; with ``merge`` all such classes become one, ``(rare)``, and the labels texts. Where every class is
    such a one nothing is changed, and the audit refuses the data.

    Args:
        table: the data, claimed.
        schema: names the target.
        split: shares of the rows.
        rare: ``refuse``, ``drop`` or ``merge``.
    """
    if rare == REFUSE:
        return Selection(table)
    name = schema.targets[0]
    found = table.labels(name).distinct()
    counts, least = found.counts(), len(parts_of(split.valid, split.test))
    few = np.flatnonzero((counts > 0) & (counts < least))
    if not few.size or few.size == np.count_nonzero(counts):
        return Selection(table)
    words = found.spellings()
    shown = listed([f"{words[code]!r} ({counts[code]})" for code in few])
    said = f"{counted(few.size, 'class has', 'classes have')} fewer than {least} rows: {shown}"
    labels = tuple(words[code] for code in few)
    if rare == DROP:
        kept = np.flatnonzero(~np.isin(found.codes, few))
        left = counted(int(counts[few].sum()), "row is", "rows are")
        message = f"{said}; {left} left out, as rare={DROP} says"
        finding = warning("rare-classes", table.where(name=name), message)
        return Selection(table.take(kept), (finding,), {"left_out": labels})
    label = free_name(RARE, words)

    def again(other: AbstractTable) -> AbstractTable:
        return merged(other, name, labels, label)

    finding = note("rare-classes", table.where(name=name), f"{said}; they are one class, {label!r}")
    return Selection(again(table), (finding,), {"merged": labels, "label": label}, again)


def merged(table: AbstractTable, name: str, labels: Sequence[str], label: str) -> AbstractTable:
    """Return a table in which some labels are one, and all of them texts.

    Args:
        table: the data.
        name: the target.
        labels: those that become one.
        label: what they become.
    """
    found: Distinct = table.labels(name).distinct()
    words = [label if word in labels else word for word in found.spellings()]
    return table.changed(values={name: np.array([*words, None], object)[found.codes].tolist()})
