from __future__ import annotations

import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.runs.toml import to_toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(
    TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.lists(TEXTS)
)


@given(st.dictionaries(TEXTS, VALUES), TEXTS)
def test_what_is_written_is_read_back(values: dict, heading: str):
    found = tomllib.loads(to_toml({}, tables={heading: values}))
    assert found == {heading: values}


@given(st.dictionaries(TEXTS, VALUES))
def test_types_stay(values: dict):
    found = tomllib.loads(to_toml(values))
    assert {name: type(value) for name, value in found.items()} == {n: type(v) for n, v in values.items()}


def test_none_and_nan_have_a_form():
    found = tomllib.loads(to_toml({"clip": None, "x": math.nan, "y": (0.5, 1)}))
    assert found["clip"] == "none" and math.isnan(found["x"]) and found["y"] == [0.5, 1]


def test_half_a_surrogate_does_not_break_the_file():
    assert tomllib.loads(to_toml({"source": "caf\udce9.csv"})) == {"source": "caf\\udce9.csv"}


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "ä", "a\nb"])
def test_any_key_and_any_comment(name: str):
    text = to_toml({name: 1, "plain": 2}, comments={"plain": "what it means"}, head="two\nlines")
    assert tomllib.loads(text) == {name: 1, "plain": 2}
    assert text.startswith("# two\n# lines\n") and "plain = 2  # what it means" in text
