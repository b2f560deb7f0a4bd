from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.tasks.language.passages import PASSAGE, SHORTEST, passages


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet=st.sampled_from("ab \n"), max_size=900), max_size=4))
def test_joined_they_are_the_texts(texts: list[str]):
    found, numbers = passages(texts)
    assert len(found) == len(numbers)
    for number, text in enumerate(texts):
        assert "".join(p for p, n in zip(found, numbers.tolist(), strict=True) if n == number) == text
    assert sorted(set(numbers.tolist())) == list(range(len(texts)))  # an empty text is a passage too


def test_a_passage_ends_behind_a_line():
    found, _ = passages(["x" * 70 + "\n" + "y" * 300])
    assert found[0] == "x" * 70 + "\n"


def test_behind_a_blank_where_a_line_is_long_and_anywhere_where_there_is_none():
    assert passages(["x" * 70 + " " + "y" * 300])[0][0] == "x" * 70 + " "
    assert {len(p) for p in passages(["x" * 640])[0][:-1]} == {SHORTEST}


@pytest.mark.parametrize("size", [100_000, 10_000_000])
def test_a_long_text_has_a_hundred_passages_or_more_of_a_largest_size(size: int):
    lengths = np.array([len(p) for p in passages(["word " * (size // 5)])[0]])
    assert len(lengths) >= 98 and lengths.max() <= 2 * PASSAGE


def test_no_text_has_no_passage():
    found, numbers = passages([])
    assert found == [] and numbers.shape == (0,)
