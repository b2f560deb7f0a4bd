"""What is wrong with series, before anything is learned of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.series.ordered import Ordered
from lamina.data.table import AbstractTable

FEWEST_STEPS = 10


def of_order(table: AbstractTable, found: Ordered, time: str | None) -> Iterator[Finding]:
    """Yield what is to be said of the steps.

    Args:
        table: the data.
        found: its rows in the order of time.
        time: column of times, or None.
    """
    steps, source = len(found.order), table.source
    if steps < FEWEST_STEPS:
        message = f"{counted(steps, 'step')} are too few to learn from"
        yield error("too-few-steps", source, message, f"give at least {FEWEST_STEPS}")
    if time is None:
        message = "no column of times: the rows are taken in their order"
        yield note("no-times", source, message, "name it: time=COLUMN")
        return
    if (np.diff(found.order) < 0).any():
        yield note("sorted", table.where(name=time), "the rows are not in the order of time: they are sorted")
    if not found.is_even:
        message = "the times are not evenly spaced: each row is taken as the next step"
        yield warning("uneven-times", table.where(name=time), message, "give one row for each step of time")
    elif found.absent:
        gaps = np.diff(found.steps.measured)
        row = int(found.order[int(gaps.argmax()) + 1])
        message = f"{counted(found.absent, 'step')} between the first and the last have no row"
        longest = f"the longest gap, {counted(int(gaps.max()) - 1, 'step')}, ends there"
        yield warning(
            "gaps", table.where(row, time), f"{message}; {longest}", "each is filled by the last value"
        )


def of_series(table: AbstractTable, found: Ordered) -> Iterator[Finding]:
    """Yield what is to be said of each series.

    Args:
        table: the data.
        found: its rows in the order of time.
    """
    for place, name in enumerate(found.steps.names):
        values = found.steps.values[:, place]
        values = values[~np.isnan(values)]
        if not len(values):
            yield error(
                "empty-series", table.where(name=name), "there is no number", f"leave it out: drop={name}"
            )
        elif (values == values[0]).all():
            yield warning("constant-series", table.where(name=name), "the same number in every step")
