"""Findings and audits as text."""

from __future__ import annotations

import pytest

from lamina.core.errors import DataError
from lamina.data import Audit, Finding
from lamina.data.audit.findings import of_error


def test_faults_without_place_or_fix():
    first, second = Finding("error", "a", "broken"), Finding("error", "b", "torn", "t.csv")
    assert str(first) == "error: broken"
    with pytest.raises(DataError) as caught:
        Audit((first,), None).raise_errors()
    assert str(caught.value) == "broken"
    with pytest.raises(DataError) as caught:
        Audit((first, second), None).raise_errors()
    assert str(caught.value) == "broken\n  fix: also: t.csv: torn"
    assert str(Audit((), None, "t.csv", 3, 2)) == "t.csv: 3 rows, 2 columns\nnothing to report"
    assert of_error(DataError("torn", received=3), "c").message == "torn; got 3"
