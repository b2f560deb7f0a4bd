"""Scores of tags, against counts worked out here; two of them as the program conlleval prints them."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.tag_scheme import Scheme, codes_of
from lamina.objectives.metrics import metric_words
from lamina.objectives.metrics.entities import tag_counts, tag_metrics, widened

LABELS = ("B-city", "B-day", "I-city", "I-day", "O")


def codes(sentences: list[str]) -> np.ndarray:
    rows = [[LABELS.index(tag) for tag in sentence.split()] for sentence in sentences]
    return codes_of(rows, max(map(len, rows)))


def measured(found: list[str], true: list[str], weights: np.ndarray | None = None) -> dict[str, float]:
    return tag_metrics(tag_counts(codes(found), codes(true), Scheme(LABELS)), weights)


TRUE = ["B-city I-city O B-day", "O B-city", "O O O"]
FOUND = ["B-city I-city O B-city", "O B-city", "O B-day O"]


def test_by_hand():
    metrics = measured(FOUND, TRUE)
    # True: city 0-1, day 3, city 1. Found: city 0-1, city 3, city 1, day 1. Both: two of them.
    assert metrics["entity_precision"] == pytest.approx(2 / 4)
    assert metrics["entity_recall"] == pytest.approx(2 / 3)
    assert metrics["entity_f1"] == pytest.approx(2 * 2 / (4 + 3))
    assert metrics["token_accuracy"] == pytest.approx(7 / 9)
    assert metrics["sentence_accuracy"] == pytest.approx(1 / 3)


def test_an_entity_that_is_cut_short_is_wrong():
    metrics = measured(["B-city O"], ["B-city I-city"])
    assert metrics["entity_f1"] == 0 and metrics["token_accuracy"] == 0.5


def test_a_wrong_type_is_wrong():
    assert measured(["B-city I-city"], ["B-day I-day"])["entity_f1"] == 0


def test_an_i_behind_o_counts_as_a_beginning():
    assert measured(["O I-city I-city"], ["O B-city I-city"])["entity_f1"] == 1


def test_sentences_weigh_what_they_are_told():
    weights = np.array([0.0, 2.0, 0.0])
    assert measured(FOUND, TRUE, weights)["entity_f1"] == 1
    assert measured(FOUND, TRUE, weights)["sentence_accuracy"] == 1
    assert measured(FOUND, TRUE, np.ones(3)) == pytest.approx(measured(FOUND, TRUE))


def test_without_an_entity_the_scores_are_zero():
    metrics = measured(["O"], ["O"])
    assert metrics["entity_f1"] == 0 and metrics["token_accuracy"] == 1


def test_tags_of_another_form_have_no_entities():
    counts = tag_counts(np.array([[0, 1, 1]]), np.array([[0, 1, -1]]), Scheme(("DET", "NOUN")))
    assert tag_metrics(counts) == {"token_accuracy": 1.0, "sentence_accuracy": 1.0}


def test_what_stands_behind_the_end_of_a_sentence_is_not_counted():
    true = codes_of([[0, 2], [4]], 3)
    found = np.array([[0, 2, 0], [4, 1, 1]])
    assert tag_metrics(tag_counts(found, true, Scheme(LABELS)))["entity_f1"] == 1


def test_codes_are_widened():
    assert widened(np.array([[1]]), 3, 4).tolist() == [[1, 4, 4]]
    assert widened(np.array([[1, 2]]), 1, 4).tolist() == [[1, 2]]


def test_every_metric_has_words():
    for name in measured(FOUND, TRUE):
        words = metric_words(name)
        assert words.meaning and words.higher_is_better
