"""Objectives of anomaly detection: scores first, and measured by labels where they are known."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.models import build
from lamina.objectives.anomaly import ImageAnomalyObjective, RowAnomalyObjective
from lamina.objectives.metrics import auc, average_precision

SPACE = RowSampleInputs((1, 1, 3))


def test_labels_are_measured_where_they_are_known():
    objective = RowAnomalyObjective(SPACE)
    scores = np.array([[0.1, 9.0], [0.4, 9.0], [0.35, 9.0], [0.8, 9.0], [5.0, 9.0]])
    labels = np.array([0.0, 0.0, 1.0, 1.0, np.nan])
    found = objective.metrics(scores, labels)
    assert found["auc"] == auc([0, 0, 1, 1], scores[:4, 0]) == 0.75
    assert found["average_precision"] == pytest.approx((1.0 + 2 / 3) / 2)
    assert found["score"] == pytest.approx(scores[:, 0].mean())
    assert set(objective.metrics(scores, np.full(5, np.nan))) == {"score"}
    intervals = objective.intervals(scores, labels)
    assert intervals["auc"][0] <= 0.75 <= intervals["auc"][1]
    assert intervals["score"][0] <= found["score"] <= intervals["score"][1]
    assert np.isnan(objective.metrics(scores[:0], labels[:0])["score"])


def test_average_precision_counts_equal_scores_as_one_step():
    assert average_precision([0, 1, 0, 1], [1.0, 1.0, 1.0, 1.0]) == 0.5
    assert average_precision([0, 1], [0.0, 1.0]) == 1.0
    assert average_precision([1, 0], [0.0, 1.0], weights=[1.0, 3.0]) == 0.25
    assert np.isnan(average_precision([0, 0], [0.0, 1.0]))


def test_rows_answer_errors_and_rarities():
    model = build("autoencoder", inputs=SPACE, outputs=5, size=2, depth=1)
    x = {
        "sample": jnp.array([[0.5, -1.0, 0.0, 1.0, 0.0]], jnp.float32),
        "rarity": jnp.array([[1.0, 2.0, 3.0]], jnp.float32),
    }
    objective = RowAnomalyObjective(SPACE)
    found = objective.answer(model, x)
    assert found.shape == (1, 6) and found[0, 3:].tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_allclose(found[:, :3], objective.errors(model, x), rtol=1e-6)


def test_images_answer_their_mean_error():
    space = ImageSampleInputs(8, 8, 1)
    model = build("autoencoder", inputs=space, outputs=64, size=4)
    x = {"sample": jnp.arange(128, dtype=jnp.uint8).reshape(2, 8, 8, 1)}
    objective = ImageAnomalyObjective(space)
    found, maps = objective.answer(model, x), objective.errors(model, x)
    assert found.shape == (2, 1) and maps.shape == (2, 8, 8)
    np.testing.assert_allclose(found[:, 0], maps.mean(axis=(1, 2)), rtol=1e-5)
