"""U-Net: blocks of pixels as channels, filling up, and what standardizing each image makes of it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.core.wanted import EACH
from lamina.models import MODELS, build
from lamina.models.unet import by_image, folded, unfolded
from lamina.nn.convolution import Conv

INPUTS = ImageInputs(16, 16, 3, mean=(110.0, 120.0, 130.0), std=(70.0, 75.0, 80.0))


def images(height: int = 16, width: int = 16, channels: int = 3, count: int = 2) -> np.ndarray:
    values = np.random.default_rng(0).uniform(0, 255, (count, height, width, channels))
    return values.astype(np.float32)


def unet(inputs: Any = INPUTS, **options: Any) -> Any:
    return build("unet", inputs=inputs, outputs=2, **{"size": 4, "depth": 1, **options})


# --- folds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_a_fold_is_reversed_exactly(side: int):
    x = images(2 * 12, 12, 5)
    small = folded(x, side)
    assert small.shape == (2, 24 // side, 12 // side, 5 * side**2)
    assert (np.asarray(unfolded(small, side)) == x).all()
    assert (np.asarray(folded(unfolded(small, side), side)) == np.asarray(small)).all()


def test_channels_of_a_block_are_its_pixels_row_by_row():
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    assert folded(jnp.asarray(x), 2)[0].tolist() == [
        [[0, 1, 4, 5], [2, 3, 6, 7]],
        [[8, 9, 12, 13], [10, 11, 14, 15]],
    ]


def test_one_pixel_of_a_block_is_one_output_of_its_pixels():
    """A convolution of 1 x 1 on pixels is, on blocks, the same one for each pixel of the block."""
    x = jnp.asarray(images())
    plain = Conv(3, 2, kernel_size=1, key=0)
    blocks = Conv(12, 8, kernel_size=1, key=0)
    arrays = named_arrays(plain)
    weight = np.asarray(arrays["weight"])
    matrix = np.kron(np.eye(4, dtype=np.float32), weight.reshape(weight.shape[0], weight.shape[1]))
    values = {"weight": matrix.reshape(8, 12, *weight.shape[2:]), "bias": np.tile(arrays["bias"], 4)}
    wide = with_arrays(blocks, values)
    np.testing.assert_allclose(unfolded(wide(folded(x, 2)), 2), plain(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("fold", [1, 2, 3])
@pytest.mark.parametrize("size", [(16, 16), (15, 20), (7, 5), (1, 1)])
def test_any_size_leaves_as_it_came(fold: int, size: tuple[int, int]):
    inputs = ImageInputs(*size, 3, mean=(0.0,) * 3, std=(1.0,) * 3)
    model = unet(inputs, fold=fold, depth=2)
    assert jax.eval_shape(model, images(*size)).shape == (2, *size, 2)


@pytest.mark.parametrize("fold", [1, 2])
def test_what_moves_by_a_whole_step_moves_the_outputs(fold: int):
    """A step is fold · 2^depth pixels; far from the border nothing else changes."""
    side, step = 48, fold * 2
    inputs = ImageInputs(side, side, 1, (0.0,), (1.0,))
    model = unet(inputs, fold=fold)
    x = np.zeros((1, side, side, 1), np.float32)
    x[:, 20:26, 20:26] = images(6, 6, 1, 1)
    moved = np.roll(x, (step, step), (1, 2))
    one, other = (np.asarray(jax.jit(model)(image)) for image in (x, moved))
    inner = slice(14, 34)
    np.testing.assert_allclose(
        np.roll(one, (step, step), (1, 2))[:, inner, inner], other[:, inner, inner], rtol=1e-4, atol=1e-4
    )
    assert np.abs(one[:, inner, inner] - other[:, inner, inner]).max() > 1e-2


def test_folding_leaves_a_quarter_of_the_pixels_to_the_convolutions():
    plain, small = (unet(fold=fold) for fold in (1, 2))
    shape = jax.eval_shape(lambda model, x: model.bottom(model.downs[0](x)), plain, np.zeros((1, 16, 16, 3)))
    assert shape.shape == (1, 16, 16, 8)
    arrays = {name: np.shape(array) for name, array in named_arrays(small).items()}
    assert arrays["downs.0.conv1.weight"][1] == 12 and arrays["head.weight"][0] == 8


# --- standardizing -------------------------------------------------------------------------------


@pytest.mark.parametrize("fold", [1, 2])
def test_each_image_by_its_own_moments_forgets_gain_and_offset(fold: int):
    x = images()
    gain, offset = np.array([0.3, 2.5], np.float32), np.array([-40.0, 90.0], np.float32)
    changed = x * gain[:, None, None, None] + offset[:, None, None, None]
    inputs = ImageInputs(16, 16, 3, mean=(120.0,) * 3, std=(70.0,) * 3)
    each, together = (unet(inputs, standardize=kind, fold=fold) for kind in ("each", "set"))
    np.testing.assert_allclose(each(changed), each(x), rtol=2e-2, atol=2e-3)
    assert np.abs(np.asarray(together(changed)) - np.asarray(together(x))).max() > 1e-1


def test_moments_of_each_image():
    x = by_image(jnp.asarray(images(count=3)))
    np.testing.assert_allclose(x.mean((1, 2, 3)), 0.0, atol=1e-5)
    np.testing.assert_allclose(x.std((1, 2, 3)), 1.0, atol=1e-3)
    blank = by_image(jnp.full((1, 4, 4, 1), 7.0))
    assert (np.asarray(blank) == 0).all()


# --- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fold": 0}, "fold is out of range; expected 1 to 8, got 0"),
        ({"fold": 9}, "fold is out of range; expected 1 to 8, got 9"),
        ({"depth": -1}, "depth is out of range; expected 0 to 8, got -1"),
        ({"depth": 9}, "depth is out of range; expected 0 to 8, got 9"),
    ],
)
def test_options_out_of_range(options: dict[str, int], said: str):
    with pytest.raises(ConfigError) as caught:
        unet(**options)
    assert str(caught.value).startswith(said)


def test_it_is_known_to_be_dense():
    assert MODELS["unet"].gives == (EACH,) and {"depth", "fold", "standardize"} <= set(MODELS["unet"].options)
