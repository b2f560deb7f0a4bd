"""The form of an image encoder in an artifact: what is wrong is named with its place."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import ArtifactError
from lamina.data import read
from lamina.modalities.image.encoder import ImageEncoder
from lamina.modalities.image.stored import check_encoder


def stored(channels: int) -> dict[str, Any]:
    shape = (6, 5, 4, channels)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    encoder = ImageEncoder.fit(read(images, y=[0, 1] * 3), "image")
    return {"modality": "image", **json.loads(json.dumps(encoder.to_json()))}


WHOLE = {channels: stored(channels) for channels in (1, 3)}


@pytest.mark.parametrize("channels", WHOLE)
def test_what_was_stored_has_the_right_form(channels):
    check_encoder(WHOLE[channels], "blocks.image")
    again = {"modality": "image", **ImageEncoder.from_json(WHOLE[channels]).to_json()}
    assert again == WHOLE[channels]


WRONG = {
    "no height": ({"height": 0}, ".height: has the wrong form"),
    "a width that is no number": ({"width": "4"}, ".width: has the wrong form"),
    "a height that no memory holds": (
        {"height": 1 << 15},
        ": has the wrong form; expected sides up to 16384",
    ),
    "two channels": (
        {"channels": 2, "mean": [1.0, 2.0], "std": [1.0, 2.0]},
        ": has the wrong form; expected sides up to 16384 and 1 or 3 channels, got [5, 4, 2]",
    ),
    "means of other channels": ({"mean": [1.0, 2.0]}, ".mean: has the wrong form; expected 3 numbers"),
    "deviations of other channels": ({"std": [1.0]}, ".std: has the wrong form; expected 3 numbers"),
    "a deviation of 0": ({"std": [1.0, 0.0, 1.0]}, ".std"),
    "a mean that is no number": ({"mean": [1.0, None, 2.0]}, ".mean"),
    "patches of another size": (
        {"patches": [1.0] * 143},
        ".patches: has the wrong form; expected 144 numbers",
    ),
    "a name that is none": ({"name": None}, ".name: has the wrong form"),
    "a field too many": ({"more": 1}, ": has the wrong form"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_is_named_with_its_place(case):
    change, message = WRONG[case]
    with pytest.raises(ArtifactError) as caught:
        check_encoder(copy.deepcopy(WHOLE[3]) | change, "blocks.image")
    assert str(caught.value).startswith(f"blocks.image{message}")
