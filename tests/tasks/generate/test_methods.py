"""What a method takes where the user says nothing."""

from __future__ import annotations

import pytest

from lamina.core.inputs import ImageSampleInputs
from lamina.core.inputs.sample import RowSampleInputs
from lamina.modalities.base import Situation
from lamina.tasks.generate.methods.registry import METHODS

IMAGES, ROWS = ImageSampleInputs(28, 28, 1), RowSampleInputs((1, 1, 4))


@pytest.mark.parametrize("name", ["diffusion", "flow"])
def test_images_and_rows_train_by_their_own_keys(name: str):
    method = METHODS[name]
    keys = method.keys()
    images, rows = (method.choose(Situation(given, 1_000, "", keys=keys)) for given in (IMAGES, ROWS))
    assert (images.model, images.keys["optimizer"]) == ("denoising-unet", "muon")
    assert (rows.model, rows.keys["optimizer"]) == ("denoising-mlp", "adamw")
    assert images.keys["lr"] == 3e-3 and rows.keys["lr"] == 1e-3
    assert images.keys["ema"] == rows.keys["ema"] == 0.999


def test_a_method_without_keys_for_images_has_one_set():
    method = METHODS["vae"]
    keys = method.keys()
    images, rows = (method.choose(Situation(given, 1_000, "", keys=keys)) for given in (IMAGES, ROWS))
    assert images.keys["optimizer"] == rows.keys["optimizer"] == "adamw"
