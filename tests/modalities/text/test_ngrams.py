"""Bags of n-grams against an independent count, and their weights against the formula."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter

import numpy as np
import pytest

from lamina.modalities.text.bags import Bags
from lamina.modalities.text.ngrams import Ngrams, count_ngrams

TEXTS = ["the cat sat", "the dog sat sat", "a cat"]


@pytest.fixture(scope="module")
def learned() -> Ngrams:
    return Ngrams.fit(TEXTS, most=1000, lowercase=True)


def names(ngrams: Ngrams) -> list[str]:
    return [*ngrams.words, *ngrams.pairs, *ngrams.characters]


def bag(ngrams: Ngrams, text: str) -> dict[str, float]:
    bags = ngrams.encode([text])
    own = names(ngrams)
    return {own[one]: float(s) for one, s in zip(bags.ids.tolist(), bags.scale.tolist(), strict=True)}


def test_words_and_pairs_are_those_of_the_texts(learned: Ngrams):
    assert learned.words == ("a", "cat", "dog", "sat", "the")
    assert learned.pairs == ("a cat", "cat sat", "dog sat", "sat sat", "the cat", "the dog")


def test_stretches_lie_within_words_and_know_their_edges(learned: Ngrams):
    assert " c" in learned.characters and "at " in learned.characters
    assert "cat" in learned.characters  # within a word, beside the word itself
    assert " cat " not in learned.characters  # the whole word is left to the words
    assert not any("e c" in stretch for stretch in learned.characters)
    assert {len(stretch) for stretch in learned.characters} == {2, 3, 4}


def test_weights_follow_the_formula(learned: Ngrams):
    """(1 + ln count) · (1 + ln((1 + n) / (1 + d))), scaled to length one, counted independently."""

    def stretches(word: str) -> list[str]:
        marked = f" {word} "
        return [marked[i : i + n] for n in range(2, 6) for i in range(len(marked) - n + 1) if n < len(marked)]

    def held(text: str) -> Counter[str]:
        words = text.split()
        pairs = [f"{a} {b}" for a, b in itertools.pairwise(words)]
        return Counter([*words, *(f"\t{p}" for p in pairs), *(f"\n{s}" for w in words for s in stretches(w))])

    counts = [held(text) for text in TEXTS]
    texts_with = Counter(name for own in counts for name in own)

    def known(name: str) -> bool:  # a stretch of one text alone is left out
        return not name.startswith("\n") or texts_with[name] > 1

    for text, own in zip(TEXTS, counts, strict=True):
        raw = {
            n: (1 + math.log(c)) * (1 + math.log(4 / (1 + texts_with[n]))) for n, c in own.items() if known(n)
        }
        length = math.sqrt(sum(value**2 for value in raw.values()))
        found = sorted(learned.encode([text]).scale.tolist())
        np.testing.assert_allclose(found, sorted(value / length for value in raw.values()), rtol=1e-5)


def test_a_bag_has_length_one_and_unknown_words_only_what_is_known_of_them(learned: Ngrams):
    found = bag(learned, "the cats")
    assert (learned.encode(["the cats"]).scale ** 2).sum() == pytest.approx(1, rel=1e-5)
    assert "the" in found and "cat" in found and "cats" not in found
    assert bag(learned, "xyz") == {}
    assert bag(learned, "") == {}


def test_texts_do_not_change_each_other(learned: Ngrams):
    alone = [learned.encode([text]) for text in TEXTS]
    together = learned.encode(TEXTS)
    assert np.array_equal(np.concatenate([one.ids for one in alone]), together.ids)
    assert np.array_equal(np.concatenate([one.scale for one in alone]), together.scale)
    backwards = learned.encode(TEXTS[::-1])
    assert np.array_equal(backwards.padded(40)["scale"], together.padded(40)["scale"][::-1])


def test_case_counts_on_request():
    assert Ngrams.fit(["A a"], most=99, lowercase=False).words == ("A", "a")
    assert Ngrams.fit(["A a"], most=99, lowercase=True).words == ("a",)


def test_the_most_frequent_are_kept():
    few = Ngrams.fit(TEXTS, most=5, lowercase=True)
    assert 0 < few.symbols <= 5
    kept = set(names(few))
    assert "dog" not in kept and "at" in kept


def test_json_gives_it_back(learned: Ngrams):
    stored = json.loads(json.dumps(learned.to_json()))
    own = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items() if name != "kind"}
    assert Ngrams(**own) == learned


def test_empty_texts_give_an_empty_bag():
    bags = Ngrams.fit(["", "a b"], most=10, lowercase=True).encode(["", ""])
    assert bags.ids.size == 0 and bags.lengths.tolist() == [0, 0]
    nothing = Ngrams.fit([""], most=10, lowercase=True)
    assert nothing.symbols == 1 and nothing.encode(["a"]).ids.size == 0


def test_which_text_holds_what():
    found, held = count_ngrams(["a b a", "b"])
    assert found == ["a", "b", "a b", "b a"]
    assert held.toarray().tolist() == [[1, 1, 1, 1], [0, 1, 0, 0]]


def test_the_lightest_symbols_of_a_long_bag_go_first():
    bags = Bags(np.arange(6, dtype=np.int32), np.array([3, 1, 2, 1, 9, 8], np.float32), np.array([4, 6]))
    short = bags.shortened(2)
    assert short.ids.tolist() == [0, 2, 4, 5] and short.ends.tolist() == [2, 4]
    assert bags.shortened(4) is bags


def test_padding_cuts_and_fills_up():
    bags = Bags(np.arange(5, dtype=np.int32), np.ones(5, np.float32), np.array([0, 3, 5]))
    padded = bags.padded(2)
    assert padded["ids"].tolist() == [[-1, -1], [0, 1], [3, 4]]
    assert padded["scale"].tolist() == [[0, 0], [1, 1], [1, 1]]
    assert bags.padded(4)["ids"][1].tolist() == [0, 1, 2, -1]
