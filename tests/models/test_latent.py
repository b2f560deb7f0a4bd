"""How long codes are where nobody says it."""

from __future__ import annotations

import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.models import build
from lamina.models.autoencoder import latent_of


@pytest.mark.parametrize(("values", "expected"), [(1, 1), (2, 2), (16, 16), (30, 16), (90, 30), (300, 50)])
def test_a_code_of_a_vae_has_a_number_for_each_of_few_values(values: int, expected: int):
    model = build("vae", inputs=RowSampleInputs((1,) * values), outputs=1, size=2, depth=1, seed=0)
    assert model.latent == expected


def test_a_code_of_an_autoencoder_is_shorter_than_the_sample():
    assert latent_of(RowSampleInputs((1,) * 2), None) == 1
    assert latent_of(RowSampleInputs((1,) * 12), None) == 4
    assert latent_of(ImageSampleInputs(28, 28, 1), None) == 32
    assert latent_of(RowSampleInputs((1,) * 2), 7) == 7
    with pytest.raises(ConfigError, match="latent is out of range"):
        latent_of(RowSampleInputs((1,) * 2), 0)
