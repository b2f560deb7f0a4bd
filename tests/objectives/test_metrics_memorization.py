"""Copies of training examples are found, and what is only smooth is not called a copy."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.objectives.metrics.memorization import memorization


def normal(seed: int, rows: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, 6))


def test_fresh_samples_are_no_copies():
    found = memorization(normal(1), normal(2), normal(3))
    assert not found.is_copying and found.p_value > 0.01 and found.close_share < 0.04
    assert "no sign of copying" in str(found)


def test_copies_with_a_little_noise_are_found_with_their_examples():
    training = normal(2)
    chosen = np.arange(0, 400, 4)
    found = memorization(training[chosen] + 1e-3, training, normal(3))
    np.testing.assert_array_equal(found.rows, chosen)
    assert found.copies == 1.0 and found.is_copying and found.close_share == 1.0 and found.p_value < 1e-6
    assert found.verdict.startswith("100.0% of the samples copy")


def test_a_few_copies_among_fresh_samples_are_found():
    training = normal(2)
    found = memorization(np.concatenate([normal(1, 380), training[:20]]), training, normal(3))
    assert found.is_copying and found.copies == pytest.approx(20 / 400, abs=0.01)


def test_samples_near_the_middle_are_near_but_no_copies():
    found = memorization(0.3 * normal(1), normal(2), normal(3))
    assert not found.is_copying and found.p_value < 1e-6
    assert found.close_share > 0.02 and "a smooth sample" in found.verdict


def test_duplicates_in_the_data_are_no_fault_of_the_generator():
    base = normal(2)
    training, held_out = base, np.concatenate([base[:200], normal(3, 200)])
    found = memorization(np.concatenate([base[200:], normal(4, 200)]), training, held_out)
    assert found.copies == pytest.approx(0.5, abs=0.02) and not found.is_copying


def test_figures_by_hand_and_as_json():
    found = memorization([[0.0], [7.0]], [[0.0], [10.0]], [[1.0], [6.0]])
    assert found.distances.tolist() == [0.0, 3.0] and found.held_out.tolist() == [1.0, 4.0]
    assert found.close == pytest.approx(1.03) and found.close_share == 0.5
    assert found.copies == 0.5 and found.held_out_copies == 0.5, "1 is nine times nearer to 0 than to 10"
    stored = json.loads(json.dumps(found.to_json()))
    assert stored["median_distance"] == 1.5 and stored["verdict"] == found.verdict


def test_unlike_shapes_are_refused():
    with pytest.raises(DataError, match="not of one shape"):
        memorization(normal(1)[:, :2], normal(2), normal(3))
