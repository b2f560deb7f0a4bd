"""Overlap of areas and matches of instances, against values worked out here."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.objectives.metrics.overlap import (
    instance_counts,
    instance_metrics,
    mask_counts,
    mask_metrics,
    overlaps,
    resampled_over_examples,
)


def test_four_pixels_by_hand():
    found, true = np.array([[[0, 1], [1, 1]]]), np.array([[[0, 0], [1, 1]]])
    result = mask_metrics(mask_counts(found, true, 2))
    assert result == {
        "iou": pytest.approx((1 / 2 + 2 / 3) / 2),
        "dice": pytest.approx((2 / 3 + 4 / 5) / 2),
        "pixel_accuracy": pytest.approx(3 / 4),
    }


def test_counts_are_of_each_image():
    found, true = np.array([[[0, 2]], [[1, 1]]]), np.array([[[0, 1]], [[1, 1]]])
    counts = mask_counts(found, true, 3)
    assert {name: array.tolist() for name, array in counts.items()} == {
        "both": [[1, 0, 0], [0, 2, 0]],
        "found": [[1, 0, 1], [0, 2, 0]],
        "true": [[1, 1, 0], [0, 2, 0]],
    }


def test_a_class_that_occurs_nowhere_does_not_count():
    found, true = np.array([[[0, 1]]]), np.array([[[0, 1]]])
    assert mask_metrics(mask_counts(found, true, 5))["iou"] == 1.0
    wrong = mask_metrics(mask_counts(np.array([[[0, 4]]]), true, 5))
    assert wrong["iou"] == pytest.approx(1 / 3), "one that is only found counts as 0"


def test_metrics_are_of_sums_over_images_and_weights():
    found, true = np.array([[[1, 1]], [[0, 0]]]), np.array([[[1, 1]], [[1, 0]]])
    counts = mask_counts(found, true, 2)
    assert mask_metrics(counts)["pixel_accuracy"] == 3 / 4
    assert mask_metrics(counts, np.array([3.0, 1.0]))["pixel_accuracy"] == 7 / 8
    assert mask_metrics(counts, np.array([1.0, 0.0]))["iou"] == 1.0
    nothing = mask_metrics(counts, np.zeros(2))
    assert set(nothing) == {"iou", "dice", "pixel_accuracy"} and np.isnan(list(nothing.values())).all()


def blocks(*spans: tuple[int, int], length: int = 40) -> np.ndarray:
    """Instances 1, 2, 3 … along one row of pixels."""
    found = np.zeros((1, 1, length), int)
    for number, (start, stop) in enumerate(spans, 1):
        found[..., start:stop] = number
    return found


def test_a_match_a_miss_and_a_spurious_instance():
    true = blocks((0, 10), (15, 20))
    found = blocks((0, 6), (30, 34))  # IoU .6 with the first; the second is found nowhere
    counts = instance_counts(found, true)
    assert counts["ap50"].tolist() == [[1, 1, 1]] and counts["ap75"].tolist() == [[0, 2, 2]]
    assert counts["pixels"].tolist() == [[6, 10, 15]]
    result = instance_metrics(counts)
    assert result == {"ap50": pytest.approx(1 / 3), "ap75": 0.0, "iou": 6 / 19, "dice": 12 / 25}


def test_an_overlap_of_exactly_one_half_is_a_match():
    counts = instance_counts(blocks((0, 5)), blocks((0, 10)))
    assert counts["ap50"].tolist() == [[1, 0, 0]]


def test_each_instance_is_matched_once():
    """Two halves are not both the whole, and one that covers two is one of them at most."""
    halves = instance_counts(blocks((0, 5), (5, 10)), blocks((0, 10)))
    assert halves["ap50"].tolist() == [[1, 1, 0]]
    cover = instance_counts(blocks((0, 16)), blocks((0, 8), (8, 16)))
    assert cover["ap50"].tolist() == [[1, 0, 1]]


def test_numbers_of_instances_do_not_matter():
    true = blocks((0, 4), (6, 9), (12, 20))
    swapped = np.array([0, 7, 3, 9])[true]
    assert instance_metrics(instance_counts(swapped, true)) == dict.fromkeys(
        ("ap50", "ap75", "iou", "dice"), 1.0
    )


def test_nothing_is_found_or_nothing_is_there():
    empty, one = blocks(), blocks((0, 4))
    assert instance_counts(empty, one)["ap50"].tolist() == [[0, 0, 1]]
    assert instance_counts(one, empty)["ap50"].tolist() == [[0, 1, 0]]
    assert instance_metrics(instance_counts(empty, one)) == dict.fromkeys(
        ("ap50", "ap75", "iou", "dice"), 0.0
    )
    both = instance_metrics(instance_counts(empty, empty))
    assert np.isnan(list(both.values())).all()
    assert overlaps(empty[0], one[0]).shape == (0, 1)


def test_instances_are_counted_over_all_images():
    true = np.concatenate([blocks((0, 4)), blocks((0, 4), (6, 9))])
    found = np.concatenate([blocks((0, 4)), blocks()])
    assert instance_metrics(instance_counts(found, true))["ap50"] == pytest.approx(1 / 3)
    weighted = instance_metrics(instance_counts(found, true), np.array([2.0, 1.0]))
    assert weighted["ap50"] == pytest.approx(2 / 4)


def test_intervals_hold_the_value_and_repeat():
    random = np.random.default_rng(0)
    true = random.integers(0, 2, (30, 6, 6))
    found = np.where(random.random(true.shape) < 0.8, true, 1 - true)
    counts = mask_counts(found, true, 2)
    value, intervals = mask_metrics(counts), resampled_over_examples(mask_metrics, counts)
    assert set(intervals) == set(value)
    for name, (low, high) in intervals.items():
        assert low < value[name] < high
    assert intervals == resampled_over_examples(mask_metrics, counts)
    assert intervals != resampled_over_examples(mask_metrics, counts, seed=1)
    assert intervals == resampled_over_examples(mask_metrics, counts, np.full(30, 2.0))


def test_one_image_has_no_interval():
    assert resampled_over_examples(mask_metrics, mask_counts(blocks(), blocks(), 2)) == {}
