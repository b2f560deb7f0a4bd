"""How wrong answers are, and what is said of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.tasks.prediction.outcomes import outcome

from lamina.data import read
from lamina.data.schema import CLASSES, FLAGS, NUMBERS, Schema
from lamina.modalities.answers import Answers, log_odds

LABELS = ("wet", "cold", "dark")


def schema(kind: str) -> Schema:
    return Schema((), (), ("y",), "", kind)


def test_classes_are_wrong_by_the_chance_of_the_right_one():
    decoded = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.05, 0.9, 0.05]])
    found = Answers(
        outcome(
            schema=schema(CLASSES),
            decoded=decoded,
            targets=np.array([0, 0, 0, 2]),
            caption=lambda c: LABELS[int(c)],
        )
    )
    np.testing.assert_allclose(found.lack, [0, 0.9, 0.8, 0.95])
    assert found.worst(2).tolist() == [3, 1] and found.worst(9).tolist() == [3, 1, 2]
    assert found.said(1) == "cold (60%)" and found.truth(1) == "wet"
    other = np.array([[0.2, 0.5, 0.3]])
    np.testing.assert_allclose(found.judged(other, np.array([2])), log_odds(np.array([0.3])))


def test_flags_are_judged_by_the_one_furthest_off_and_unknown_ones_never():
    decoded = np.array([[0.9, 0.2, 0.6], [0.1, 0.8, 0.99]])
    found = Answers(
        outcome(
            schema=schema(FLAGS), decoded=decoded, targets=np.array([[1, 1, 0], [0, 1, -1]]), labels=LABELS
        )
    )
    np.testing.assert_allclose(found.lack, [0.8, 0.2])
    assert found.columns.tolist() == [1, 1] and found.has_chances and not found.is_class
    assert (found.said(0), found.truth(0)) == ("cold (20%)", "yes")


def test_numbers_are_wrong_by_their_distance():
    found = Answers(
        outcome(
            schema=schema(NUMBERS),
            decoded=np.array([1.0, 5.0, 2.5]),
            targets=np.array([1.0, 2.0, 3.0]),
            caption=lambda value: f"{np.ravel(value)[0]:.1f}",
        )
    )
    assert found.worst(5).tolist() == [1, 2]
    assert (found.said(1), found.truth(1)) == ("5.0", "2.0")
    assert found.judged(np.array([7.0, 8.0]), np.array([2, 2])).tolist() == [7.0, 8.0], "no odds of numbers"


def test_without_answers_there_is_nothing_to_say():
    with pytest.raises(ValueError, match="no rows were evaluated"):
        Answers(outcome())
    assert Answers.of(outcome()) is None
    cells = outcome(
        schema=schema("cells"), decoded=np.ones((2, 4)), targets=np.ones((2, 4)), table=read({"a": [1.5, 2]})
    )
    assert (
        Answers.of(cells) is None
        and Answers.of(dataclasses.replace(cells, schema=schema(NUMBERS))) is not None
    )
