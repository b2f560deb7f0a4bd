"""Findings about numbers, of inputs and of targets alike."""

from __future__ import annotations

import numpy as np
import polars as pl
from tests.audited import LABELS, NOISE, ROWS, TRAINING, said, with_cell

from lamina.tasks.audit import check


def test_numbers_beyond_single_precision():
    words = "the number -1.5e+300 does not fit: single precision ends at ±3.4e+38"
    for values in (with_cell(NOISE, 3, -1.5e300), with_cell(list(map(str, NOISE)), 3, "-1.5e300")):
        result = check(pl.DataFrame({"a": values, "b": NOISE, "y": LABELS}, strict=False), "y")
        assert said(result)[0] == (
            f"error: <frame>, row 3, column 'a': {words}\n"
            "  fix: replace it by a number, or leave the cell empty"
        )
    target = with_cell(NOISE + 3, 3, -1.5e300)
    assert said(check(pl.DataFrame({"a": NOISE, "y": target}), "y"))[0] == (
        f"error: <frame>, row 3, column 'y': {words}\n  fix: remove these rows, or scale the target down"
    )
    other = TRAINING.with_columns(a=pl.Series(with_cell(NOISE, 3, -1.5e300)))
    assert said(check(TRAINING, "y", test_data=other))[0].startswith(
        f"error: <frame>, row 3, column 'a': {words}"
    )


def test_integers_too_large_among_words():
    digits = with_cell(with_cell([str(i * 7) for i in range(ROWS)], 3, "-" + "9" * 20), 5, "n. a.")
    words = (
        f"error: <frame>, row 3, column '{{}}': the integer -{'9' * 20} does not fit: "
        "beyond ±2^53 neighbors become one number\n  fix: "
    )
    fix = 'leave it out with drop=["a"], or scale it down; codes belong in a text column'
    assert said(check({"a": digits, "b": NOISE, "y": LABELS}, "y"))[0] == words.format("a") + fix
    assert said(check({"a": NOISE, "y": digits}, "y"))[0] == words.format("y") + "scale the target down"
    floats = with_cell(with_cell([str(i * 7) for i in range(ROWS)], 3, "1.5e20"), 5, "n. a.")
    assert not check({"a": floats, "b": NOISE, "y": LABELS}, "y").errors
    rising = np.where(np.arange(ROWS) == 3, 2**60, np.arange(ROWS) * 3)
    assert said(check({"a": NOISE, "y": rising}, "y"))[0].endswith("\n  fix: scale the target down")
