"""Principal components as features, of few and of many examples."""

from __future__ import annotations

import numpy as np

from lamina.objectives.metrics.features import component_features

NORMAL = np.random.default_rng(0).normal


def test_components_are_those_of_the_covariance():
    rows = NORMAL(size=(300, 3)) * [5.0, 1.0, 0.1]
    found = component_features(rows, 2)
    values = np.linalg.eigvalsh(np.cov(rows.T))[::-1]
    np.testing.assert_allclose(found(rows).var(axis=0, ddof=1), values[:2], rtol=1e-9)
    assert (
        found.words == "the 2 leading principal components of 300 training examples (100% of their variance)"
    )
    assert not found.sha256


def test_few_wide_examples_give_the_same_distances_as_all_their_values():
    images = NORMAL(size=(10, 6, 6, 1))
    features = component_features(images)(images)
    assert features.shape == (10, 9), "ten points span nine directions"
    ours = np.linalg.norm(features[:, None] - features[None], axis=2)
    theirs = np.linalg.norm((images[:, None] - images[None]).reshape(10, 10, -1), axis=2)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_constant_examples_have_one_component():
    assert component_features(np.ones((5, 4)))(np.ones((2, 4))).tolist() == [[0.0], [0.0]]
