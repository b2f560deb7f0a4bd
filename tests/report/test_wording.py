"""Shares, settings and markup."""

from __future__ import annotations

import math

from lamina.report.markup import table, text
from lamina.report.wording import any_value, share


def test_share():
    assert share(0.98765, (0.9870, 0.9885)) == "98.77%"
    assert share(0.5, (0.2, 0.8)) == "50%"


def test_any_value():
    assert any_value([1, 2.0, None]) == "1, 2, –"
    assert any_value(()) == "–"
    assert any_value(math.inf) == "∞"
    assert any_value("a\nb") == "a b"


def test_markup_escapes_heads_and_quotes():
    assert text("\"'<&") == "&quot;&#x27;&lt;&amp;"
    assert "<th>&lt;b&gt;</th>" in table(["<b>"], [["x"]])
    assert table(["a"], []) == ""
