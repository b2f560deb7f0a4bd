"""Whether images may be mirrored: what sets the classes apart, and the same mirrored."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.modalities.image.symmetry import mirror_likeness

SIDE = 8
RAMP = np.tile(np.arange(0, 160, 20, dtype=np.uint8), (SIDE, 1))[..., None]
CODES = np.repeat([0, 1], 6)


def images(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.stack([one] * 6 + [other] * 6)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (RAMP, RAMP[:, ::-1], -1.0),  # what is left in one class is right in the other
        (RAMP.transpose(1, 0, 2), RAMP[:, ::-1].transpose(1, 0, 2), 1.0),  # … above and below
        (RAMP, RAMP, 0.0),  # nothing sets them apart
    ],
)
def test_likeness(one, other, expected):
    assert mirror_likeness(images(one, other), CODES) == expected
    assert mirror_likeness(images(one, other)[:, :, ::-1], CODES) == expected


def test_a_change_of_brightness_is_no_direction():
    assert mirror_likeness(images(RAMP, RAMP + 90), CODES) == 0.0


def test_one_class_says_nothing():
    assert mirror_likeness(images(RAMP, RAMP[:, ::-1]), np.zeros(12, int)) == 0.0


def test_colors_count_each_for_itself():
    colored = np.concatenate([RAMP, RAMP.transpose(1, 0, 2), RAMP[:, ::-1]], axis=-1)
    other = np.concatenate([RAMP[:, ::-1], RAMP[:, ::-1].transpose(1, 0, 2), RAMP], axis=-1)
    assert mirror_likeness(images(colored, other), CODES) == pytest.approx(-1 / 3, abs=1e-6)


def test_noise_hides_no_direction():
    noise = np.random.default_rng(0).integers(0, 60, (12, SIDE, SIDE, 1), dtype=np.uint8)
    assert mirror_likeness(images(RAMP, RAMP[:, ::-1]) + noise, CODES) < -0.8
