"""The objective of enhancement: crops, losses, what is measured."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import ImageSampleInputs
from lamina.core.random import make_key
from lamina.objectives.degradations import Noise, Reduction
from lamina.objectives.enhancement import EnhancementObjective
from lamina.objectives.metrics.psnr import psnr

SIDE, KEY = 16, make_key(0)
SPACE = ImageSampleInputs(SIDE, SIDE + 4, 1)
NOISE = EnhancementObjective(SPACE, Noise((25.0,)), crop=8)


def nothing(x: Any, *, key: Any = None, train: bool = False) -> Any:
    """A network that adds nothing."""
    return jnp.zeros((*x.shape[:3], 1))


def stored(count: int = 6) -> dict[str, Any]:
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (count, SIDE, SIDE + 4, 1), dtype=np.uint8)
    return {"x": x, "y": np.full(count, -1, np.int32), "weight": np.arange(count, dtype=np.float32)}


def windows(image: np.ndarray) -> set[bytes]:
    """All crops of an image, turned and mirrored in all eight ways."""
    cuts = [image[y : y + 8, x : x + 8] for y in range(SIDE - 7) for x in range(SIDE - 3)]
    turned = [np.rot90(cut, k) for cut in cuts for k in range(4)]
    return {np.ascontiguousarray(one).tobytes() for cut in turned for one in (cut, cut[:, ::-1])}


@pytest.mark.slow
def test_a_batch_is_crops_of_the_images_asked_for_turned_at_random():
    arrays, ids = stored(), np.array([4, 1, 1, 5], np.int32)
    device = jax.tree.map(jnp.asarray, arrays)
    batches = [jax.device_get(NOISE.pick(device, jnp.asarray(ids), key=make_key(seed))) for seed in range(8)]
    known = {number: windows(arrays["x"][number]) for number in set(ids.tolist())}
    for batch in batches:
        assert batch["x"].shape == (4, 8, 8, 1) and batch["x"].dtype == np.float32
        assert batch["weight"].tolist() == [4.0, 1.0, 1.0, 5.0] and batch["y"].tolist() == [-1] * 4
        crops = batch["x"].astype(np.uint8)
        assert all(crop.tobytes() in known[n] for n, crop in zip(ids.tolist(), crops, strict=True))
    assert len({batch["x"][0].tobytes() for batch in batches}) == 8


def test_crops_of_small_images_are_as_large_as_they_can_be():
    objective = EnhancementObjective(SPACE, Reduction(4), crop=64)
    arrays = jax.tree.map(jnp.asarray, stored())
    assert objective.pick(arrays, jnp.arange(2), key=KEY)["x"].shape == (2, 16, 20, 1)


def test_a_network_that_adds_nothing_has_the_error_of_the_noise():
    batch = jax.tree.map(jnp.asarray, {**stored(), "weight": np.ones(6, np.float32)})
    (loss, _) = NOISE.losses(nothing, batch, key=KEY)["all"]
    assert float(loss) == pytest.approx(np.sqrt(2 / np.pi) * 25 / 127.5, rel=0.05)  # mean |normal|
    squared = EnhancementObjective(SPACE, Noise((25.0,)), squared=True)
    assert float(squared.losses(nothing, batch, key=KEY)["all"][0]) == pytest.approx(
        (25 / 127.5) ** 2, rel=0.1
    )
    sums = NOISE.evaluate(nothing, batch, key=KEY)
    assert float(sums["weight"]) == 6 and float(sums["psnr"] / 6) == pytest.approx(20.4, abs=0.5)


@pytest.mark.slow
def test_weights_count_and_padding_does_not():
    batch = jax.tree.map(jnp.asarray, stored())
    more = {name: jnp.concatenate([a, jnp.zeros_like(a[:2])]) for name, a in batch.items()}
    whole = NOISE.evaluate(nothing, {**batch, "weight": jnp.ones(6)}, key=KEY)
    assert float(whole["loss"]) > 0
    padded = NOISE.evaluate(nothing, more, key=KEY)
    assert float(padded["weight"]) == 15.0 and np.isfinite(float(padded["psnr"]))
    none = NOISE.losses(nothing, {**batch, "weight": jnp.zeros(6)}, key=KEY)["all"][0]
    assert float(none) == 0.0


def test_bfloat16_batches_are_the_same_levels():
    batch = jax.tree.map(jnp.asarray, {**stored(), "weight": np.ones(6, np.float32)})
    exact, rounded = (NOISE.evaluate(nothing, {**batch, "x": batch["x"].astype(kind)}, key=KEY)
                      for kind in (jnp.uint8, jnp.bfloat16))  # fmt: skip
    np.testing.assert_allclose(exact["psnr"], rounded["psnr"], rtol=1e-6)


def test_answers_are_measures_of_bytes_before_and_after():
    x = stored()["x"]

    def perfect(given: Any, **_: Any) -> Any:
        return jnp.asarray(x, jnp.float32) / 127.5 - 1 - given

    answers = np.asarray(NOISE.answer(perfect, {"sample": jnp.asarray(x), "label": None}))
    assert answers.shape == (6, 4) and (answers[:, 0] > 70).all()
    np.testing.assert_allclose(answers[:, 1], 1.0, atol=1e-4)
    metrics = NOISE.metrics(answers, np.zeros(6))
    assert list(metrics) == ["psnr", "ssim", "psnr_before", "ssim_before"]
    intervals = NOISE.intervals(answers, np.zeros(6))
    low, high = intervals["psnr_before"]
    assert low < metrics["psnr_before"] < high
    clean, start, _ = NOISE.shown_pairs(nothing, jnp.asarray(x), key=0x3E4)
    levels = [np.rint((np.asarray(own[0]) + 1) * 127.5).clip(0, 255) for own in (start, clean)]
    assert answers[0, 2] == pytest.approx(psnr(*levels), abs=1e-3)
    assert NOISE.score.name == "psnr"
