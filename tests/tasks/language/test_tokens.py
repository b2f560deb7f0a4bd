from __future__ import annotations

import numpy as np
import pytest

from lamina.data import read
from lamina.modalities.text.encoder import TextEncoder
from lamina.tasks.language.tokens import Stream, joined, target_bytes


def stream(count: int) -> Stream:
    return Stream(np.arange(count, dtype=np.int32))


@pytest.mark.parametrize("context", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("count", [2, 3, 7, 8, 20])
def test_every_token_but_the_first_is_predicted_once(count: int, context: int):
    windows = stream(count).windows(context)
    assert windows.shape == (-(-(count - 1) // context), 2 * context + 1) and windows.dtype == np.int32
    predicted = windows[:, 1 : context + 1]
    assert predicted[predicted >= 0].tolist() == list(range(1, count))
    assert (windows[:, 0] >= 0).all()


def test_windows_overlap_so_that_each_may_begin_anywhere_within_its_first_half():
    windows = stream(20).windows(4)
    np.testing.assert_array_equal(windows[:-1, 4:], windows[1:, :5])


@pytest.mark.parametrize("count", [1, 2, 9])
def test_bytes_stand_where_the_targets_stand(count: int):
    own, windows = encoder(["aé" * count]), stream(count).windows(4)
    windows = np.minimum(windows, 2)  # unknown, two letters
    found = target_bytes(windows, own, 4)
    assert found.shape == (len(windows), 4)
    np.testing.assert_array_equal(found >= 0, windows[:, 1:5] >= 0)
    assert found[found >= 0].tolist() == own.tokens.byte_lengths[windows[:, 1:5][found >= 0]].tolist()


def encoder(texts: list[str]) -> TextEncoder:
    table = read({"text": np.array(texts, object)})
    return TextEncoder.fit(table, "text", tokens="characters", length=8, verbatim=True, ends=True)


def test_the_end_symbol_stands_between_texts_and_not_between_passages():
    own = encoder(["ab", "ba"])
    end = own.tokens.symbols
    assert own.inputs.symbols == end + 1
    found = joined(own, ["ab", "ba", "b"], np.array([0, 0, 1]))
    shown = [own.tokens.decode([t]) if t != end else "|" for t in found.tokens.tolist()]
    assert "".join(shown) == "abba|b|"
    bytes_of = target_bytes(found.windows(7), own, 7)
    assert bytes_of[0].tolist() == [1, 1, 1, 0, 1, 0, -1]


def test_an_empty_text_is_its_end():
    own = encoder(["ab", "ba"])
    assert joined(own, ["", "a"], np.array([0, 1])).tokens.tolist()[0] == own.tokens.symbols
