"""Judges of synthetic tables, on data whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from lamina.objectives.metrics import synthetic as judge


def test_fidelity_of_numbers_is_one_minus_kolmogorov_smirnov():
    random = np.random.default_rng(0)
    real, made = random.normal(size=300), np.round(random.normal(0.3, 1.2, 200), 1)
    expected = 1 - ks_2samp(real, made).statistic
    assert judge.number_fidelity(real, made) == pytest.approx(expected)
    with_gaps = np.append(real, np.nan)
    assert judge.number_fidelity(with_gaps, made) == pytest.approx(expected)
    assert judge.number_fidelity(real, real) == 1.0
    assert judge.number_fidelity(real, real + 99) == 0.0
    assert np.isnan(judge.number_fidelity(real, np.array([np.nan])))


def test_fidelity_of_categories_is_one_minus_total_variation():
    real = np.array(["a"] * 6 + ["b"] * 4, object)
    made = np.array(["a"] * 3 + ["c"] * 7, object)
    assert judge.category_fidelity(real, made) == pytest.approx(1 - (0.3 + 0.4 + 0.7) / 2)
    assert judge.category_fidelity(real, real[::-1]) == 1.0
    assert judge.category_fidelity(np.array(["a", None], object), np.array(["a"], object)) == 0.5
    assert np.isnan(judge.category_fidelity(real, real[:0]))


def test_fidelity_of_pairs_sees_a_lost_relation():
    random = np.random.default_rng(0)
    x = random.normal(size=4000)
    y = x + 0.1 * random.normal(size=4000)
    shuffled = random.permutation(y)
    same = judge.pair_fidelity((x, y), (x[::-1], y[::-1]), are_numbers=(True, True))
    lost = judge.pair_fidelity((x, y), (x, shuffled), are_numbers=(True, True))
    assert same == pytest.approx(1.0)
    assert lost == pytest.approx(0.5, abs=0.03)
    kind = np.where(x > 0, "yes", "no")
    kept = judge.pair_fidelity((x, kind), (x, kind), are_numbers=(False, False))
    assert kept == pytest.approx(1.0)
    lost = judge.pair_fidelity((x, kind), (x, random.permutation(kind)), are_numbers=(True, False))
    assert lost == pytest.approx(0.5, abs=0.03)
    gaps = np.where(x > 1, np.nan, x)
    assert judge.pair_fidelity((gaps, kind), (gaps, kind), are_numbers=(True, False)) == pytest.approx(1.0)


def test_pairs_with_a_constant_have_no_correlation():
    x = np.arange(5.0)
    assert np.isnan(judge.pair_fidelity((x, x), (x, np.zeros(5)), are_numbers=(True, True)))


def test_closest_rows_are_those_of_a_loop(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(judge, "MOST_ROWS", 8)  # in several parts
    random = np.random.default_rng(0)
    among, rows = random.normal(size=(40, 3)), random.normal(size=(30, 3))
    rows[7] = among[11]
    distance, place = judge.closest(rows, among)
    each = np.sqrt(((rows[:, None] - among) ** 2).sum(axis=2))
    np.testing.assert_array_equal(place, each.argmin(axis=1))
    np.testing.assert_allclose(distance, each.min(axis=1), atol=1e-6)
    assert distance[7] < 1e-6


def test_copies_are_told_from_new_rows():
    random = np.random.default_rng(0)
    training, held_out, new = (random.normal(size=(500, 4)).astype(np.float32) for _ in range(3))
    found = judge.copies(training, new, held_out)
    assert found.share == found.held_out_share == 0.0
    assert found.distance == pytest.approx(found.held_out_distance, rel=0.2)
    assert 0.01 < found.nearer < 0.12
    copied = np.concatenate([new[:250], training[:250]])
    found = judge.copies(training, copied, held_out)
    assert found.share == 0.5 and found.nearer > 0.5
    close = training + random.normal(0, 0.01, training.shape).astype(np.float32)
    found = judge.copies(training, close, held_out)
    assert found.share == 0.0 and found.nearer > 0.9
    assert np.isnan(judge.copies(training, new[:0], held_out).share)
