"""The judge: every figure beside that of real examples."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.objectives.metrics.judge import judge


def normal(seed: int, rows: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, 4))


def test_samples_of_the_same_distribution_score_what_real_ones_do():
    found = judge(normal(1, 500), normal(2, 1000), features="four numbers")
    assert found.count == 500 and 0.5 < found.ratio < 2
    for name in ("precision", "recall", "density", "coverage"):
        assert found.samples[name] == pytest.approx(found.real[name], abs=0.08)


def test_a_collapsed_and_a_blurred_generator_are_told_apart():
    real = normal(2, 600)
    collapsed, blurred = judge(0.2 * normal(1, 300), real), judge(3 * normal(1, 300), real)
    assert collapsed.samples["precision"] > 0.9 and collapsed.samples["recall"] < 0.3
    assert blurred.samples["precision"] < 0.6 and blurred.samples["recall"] > 0.9
    assert min(collapsed.ratio, blurred.ratio) > 5


def test_the_same_seed_gives_the_same_figures_as_text_and_json():
    first, second = (judge(normal(1, 50), normal(2, 60), features="pixels") for _ in range(2))
    assert first == second and first.count == 30
    assert str(first).endswith("30 samples against 30 held-out examples in pixels")
    stored = json.loads(json.dumps(first.to_json()))
    assert stored["ratio"] == first.ratio and stored["real"]["frechet"] > 0


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="too few rows to judge samples by"):
        judge(normal(1, 50), normal(2, 15))
