"""What is chosen for images where nobody says it: size and epochs by the work that fits a budget."""

from __future__ import annotations

import numpy as np

from lamina.core.inputs import ImageInputs
from lamina.core.wanted import EACH
from lamina.data import read
from lamina.data.schema import CELLS, CLASSES
from lamina.modalities.base import Choice, Learned, Situation
from lamina.modalities.image import choose
from lamina.modalities.image.augment import Augmentation
from lamina.modalities.image.encoder import ImageEncoder


def test_work_decides_size_and_epochs():
    small, large = (ImageInputs(side, side, 3, (0.0,) * 3, (1.0,) * 3) for side in (28, 224))
    budgets = [choose.BUDGETS[preset] for preset in ("fast", "balanced", "best")]
    assert choose.model_for(budgets[1], large, 1000)[0] == "resnet"
    sizes = [choose.model_for(budget, small, 48_000)[2]["size"] for budget in budgets]
    assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    epochs = choose.keys_for(budgets[1], small, 48_000, size=sizes[1], smoothed=True)["epochs"]
    assert choose.FEWEST_EPOCHS <= epochs <= choose.MOST_EPOCHS


def test_a_time_limit_makes_the_network_smaller():
    inputs = ImageInputs(28, 28, 1, (0.0,), (1.0,))
    sizes = [
        choose.choose(Situation(inputs, 48_000, CLASSES, classes=10, preset="best", seconds=seconds)).options[
            "size"
        ]
        for seconds in (60, 300, None)
    ]
    assert sizes == sorted(sizes) and sizes[0] < sizes[1] < sizes[2]


def test_best_takes_the_time_it_is_given():
    assert choose.budget_of("best", 7200) > choose.BUDGETS["best"]
    assert choose.budget_of("balanced", 7200) == choose.BUDGETS["balanced"]


def test_labels_are_smoothed_where_there_are_more_than_two_classes():
    inputs = ImageInputs(28, 28, 1, (0.0,), (1.0,))
    chosen = [choose.choose(Situation(inputs, 100, CLASSES, classes=classes)).keys for classes in (2, 3)]
    assert [keys.get("label_smoothing") for keys in chosen] == [None, 0.1]


# --- where every pixel has a target --------------------------------------------------------------


def dense(side: int = 64, *, width: int | None = None, examples: int = 100, **more) -> Choice:
    inputs = ImageInputs(side, width or side, 3, (0.0,) * 3, (1.0,) * 3)
    return choose.choose(Situation(inputs, examples, CELLS, wants=EACH, **more))


def test_a_unet_for_pixels_folded_where_images_are_large():
    small, large = dense(choose.FOLDED_SIDE - 1), dense(choose.FOLDED_SIDE)
    assert small.model == large.model == "unet"
    assert (small.options["fold"], large.options["fold"]) == (1, 2)
    assert dense(256, width=100).options["fold"] == 1, "both sides count"
    assert "quarter" in large.reason and "quarter" not in small.reason
    assert small.options["standardize"] == "each"


def test_the_unet_that_is_asked_for_is_the_one_that_is_chosen():
    asked, chosen = dense(256, model="unet"), dense(256, model="auto")
    assert asked.model == chosen.model == "unet" and asked.options == chosen.options
    assert asked.reason == "you asked for it"


def test_another_model_that_is_asked_for_keeps_its_own_options():
    other = dense(256, model="mine")
    assert (other.model, dict(other.options), other.reason) == ("mine", {}, "you asked for it")


def test_epochs_fill_the_budget_within_bounds():
    few, many = dense(examples=1).keys["epochs"], dense(1024, examples=100_000).keys["epochs"]
    assert (few, many) == (choose.MOST_MAP_EPOCHS, choose.FEWEST_MAP_EPOCHS)
    epochs = [
        dense(128, examples=400, preset=preset).keys["epochs"] for preset in ("fast", "balanced", "best")
    ]
    assert epochs == sorted(epochs) and epochs[0] < epochs[2]
    assert dense(128, examples=400, preset="best", seconds=20.0).keys["epochs"] < epochs[2]


def learned(images: np.ndarray) -> Learned:
    """What keys may depend on, where all that counts is the images."""
    table = read(images, y=np.arange(len(images)) % 2)
    encoder = ImageEncoder.fit(table, "image")
    return Learned(table, None, encoder, np.arange(len(images)), wants=EACH)


def skies(count: int = 40, side: int = 16) -> np.ndarray:
    """Bright above and dark below, with noise."""
    random = np.random.default_rng(0)
    slope = np.linspace(200, 40, side)[None, :, None, None]
    return (slope + random.normal(0, 15, (count, side, side, 1))).clip(0, 255).astype(np.uint8)


def test_images_have_an_up_if_top_and_bottom_differ_throughout():
    noise = np.random.default_rng(1).integers(0, 256, (40, 16, 16, 1)).astype(np.uint8)
    assert choose.has_up(learned(skies()))
    assert not choose.has_up(learned(noise))
    turned = skies()
    turned[::2] = turned[::2, ::-1]
    turned[:20] = turned[:20, ::-1]
    assert not choose.has_up(learned(turned))


def test_few_images_are_left_upright_and_blank_ones_are_not():
    assert choose.has_up(learned(skies(choose.LEAST_COMPARED - 1)))
    assert not choose.has_up(learned(np.full((20, 16, 16, 1), 9, np.uint8)))


def test_what_has_no_up_is_turned_too():
    noise = np.random.default_rng(1).integers(0, 256, (40, 16, 16, 1)).astype(np.uint8)
    upright, free = (choose.augment_for_maps(learned(images)) for images in (skies(), noise))
    assert upright == ("flip", "zoom:0.2", "gamma:0.5", "saturation:0.3")
    assert free == ("flip", "turn-over", "transpose", *upright[1:])
    assert Augmentation.of(free) is not None
