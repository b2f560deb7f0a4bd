"""Scales and bins of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import QuantileTransformer

from lamina.modalities.table.scaling import QuantileScaler, StandardScaler, bin_edges, restore_scaler


def fitted(values: np.ndarray) -> QuantileScaler:
    return QuantileScaler.fit(np.sort(values))


def test_quantiles_agree_with_scikit_learn_where_nothing_is_tied():
    values = np.random.default_rng(0).lognormal(size=9000)
    peer = QuantileTransformer(n_quantiles=300, output_distribution="normal", subsample=None)
    expected = peer.fit_transform(values.reshape(-1, 1))[:, 0]
    inner = np.abs(expected) < 3.5
    np.testing.assert_allclose(fitted(values)(values)[inner], expected[inner], atol=3e-3)


def test_quantiles_agree_with_noise_on_the_ties():
    values = np.where(np.arange(9000) % 10 < 9, 0.0, np.arange(9000.0))
    noisy = values + np.random.default_rng(0).normal(0, 1e-5, values.size)
    peer = QuantileTransformer(n_quantiles=300, output_distribution="normal", subsample=None)
    peer.fit(noisy.reshape(-1, 1))
    expected = peer.transform(np.zeros((1, 1)))[0, 0]
    assert abs(fitted(values)(np.zeros(1))[0] - expected) < 0.1


def test_the_map_is_monotone_and_stays_within_its_ends():
    values = np.random.default_rng(0).normal(size=1000)
    scaled = fitted(values)(np.linspace(-100, 100, 999))
    assert (np.diff(scaled) >= 0).all()
    assert scaled[0] == -scaled[-1] == pytest.approx(-5.199337582290661)


@pytest.mark.parametrize("rows", [30, 300, 3000, 30_000])
def test_scaled_values_are_nearly_normal(rows):
    values = np.random.default_rng(0).lognormal(size=rows)
    scaled = fitted(values)(values)
    assert abs(scaled.mean()) < 0.05
    assert 0.95 < scaled.std() < (1.6 if rows < 100 else 1.12)  # the two extremes lie at ±5.2


@pytest.mark.parametrize("values", [[], [3.0], [3.0] * 50, [1.0, 2.0]])
def test_few_and_constant_values(values):
    scaler = fitted(np.array(values))
    assert np.isfinite(scaler(np.array([-1.0, 0.0, 3.0, 1e30]))).all()


def test_missing_stays_missing():
    assert np.isnan(fitted(np.arange(10.0))(np.array([np.nan]))[0])


def test_standard_scale():
    values = np.random.default_rng(0).normal(5, 3, 1000)
    scaled = StandardScaler.fit(values)(values)
    assert abs(scaled.mean()) < 1e-12
    assert abs(scaled.std() - 1) < 1e-12
    assert StandardScaler.fit(np.full(10, 7.1))(np.array([7.1]))[0] == 0


@pytest.mark.parametrize(
    "scaler", [fitted(np.random.default_rng(0).normal(size=99)), StandardScaler(0.1, 1 / 3)]
)
def test_scales_survive_json_exactly(scaler):
    import json

    values = np.random.default_rng(1).normal(size=50)
    again = restore_scaler(json.loads(json.dumps(scaler.to_json())))
    np.testing.assert_array_equal(again(values), scaler(values))


def test_bins_hold_equally_many_or_one_value_each():
    edges = bin_edges(np.sort(np.random.default_rng(0).normal(size=4800)))
    assert len(edges) == 49
    assert bin_edges(np.array([0.0, 0.0, 1.0, 1.0, 2.0])) == (0.0, 1.0, 2.0)
    assert bin_edges(np.array([3.0, 3.0])) == (3.0, 6.0)
    assert bin_edges(np.array([])) == (0.0, 1.0)


@pytest.mark.parametrize(
    "values", [[0.0, 1e-30], [1e9, 1e9 + 1e-3], [5.0], list(np.linspace(0, 1e-6, 90) + 1)]
)
def test_bins_increase_in_single_precision(values):
    edges = np.array(bin_edges(np.array(values)), np.float32)
    assert edges.size >= 2
    assert (np.diff(edges) > 0).all()
