"""Random changes of images inside the compiled step, each example by its own random numbers.

Every function takes images (b, y, x, c) of floats in 0 to 255, a key and a strength, and returns
as many of the same size. What comes in from outside is a repetition of the nearest pixel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits, hashed_key, hashed_uniform
from lamina.core.registry import Registry
from lamina.core.shapes import Float

Images = Float[Array, "b y x c"]
GRAY = (0.299, 0.587, 0.114)  # how bright red, green and blue look (ITU-R BT.601)


def uniforms(key: Any, count: int, *, low: float, high: float) -> Float[Array, " b"]:
    """Return one random number an example.

    Args:
        key: random key.
        count: examples.
        low: smallest value.
        high: largest value.
    """
    return low + (high - low) * hashed_uniform(key, (count,))


def per_image(values: Array) -> Array:
    """Return one value an image, (b,), so that it goes with images: (b, 1, 1, 1)."""
    return values.reshape(-1, 1, 1, 1)


def flip(x: Images, key: Any, strength: float) -> Images:
    """Mirror left and right with probability ``strength``."""
    chosen = uniforms(key, len(x), low=0.0, high=1.0) < strength
    return jnp.where(per_image(chosen), x[:, :, ::-1], x)


def turn_over(x: Images, key: Any, strength: float) -> Images:
    """Mirror top and bottom with probability ``strength``: for images without an up."""
    chosen = uniforms(key, len(x), low=0.0, high=1.0) < strength
    return jnp.where(per_image(chosen), x[:, ::-1], x)


def transpose(x: Images, key: Any, strength: float) -> Images:
    """Mirror along the diagonal with probability ``strength``: a quarter turn, with both mirrors.

    Images that are not square stay as they are.
    """
    if x.shape[1] != x.shape[2]:
        return x
    chosen = uniforms(key, len(x), low=0.0, high=1.0) < strength
    return jnp.where(per_image(chosen), x.swapaxes(1, 2), x)


def shift(x: Images, key: Any, strength: float) -> Images:
    """Move by up to ``strength`` whole pixels each way; what comes in is mirrored at the border."""
    most = int(strength)
    if most < 1:
        return x
    height, width = x.shape[1:3]
    edge = ((0, 0), (most, most), (most, most), (0, 0))
    padded = jnp.pad(x, edge, mode="reflect" if most < min(height, width) else "edge")
    bits = hashed_bits(key, (len(x), 2)) >> jnp.uint32(1)
    starts = (bits % jnp.uint32(2 * most + 1)).astype(jnp.int32)

    def moved(image: Array, start: Array) -> Array:
        size = (height, width, image.shape[-1])
        return jax.lax.dynamic_slice(image, (start[0], start[1], jnp.zeros((), jnp.int32)), size)

    return jax.vmap(moved)(padded, starts)


def warp(x: Images, matrix: Float[Array, "b 2 2"], offset: Float[Array, "b 2"]) -> Images:
    """Return images whose place p shows what was at ``matrix · p + offset``, both from the middle.

    Args:
        x: images.
        matrix: how places are turned and stretched, rows (y, x).
        offset: where the middle comes from, in pixels.

    Returns:
        The images, bilinear between pixels. O(size).
    """
    height, width, channels = x.shape[1:]
    middle = jnp.array([(height - 1) / 2, (width - 1) / 2], jnp.float32)
    rows, columns = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
    places = jnp.stack([rows.reshape(-1), columns.reshape(-1)]).astype(jnp.float32) - middle[:, None]
    source = jnp.einsum("bij,jp->bip", matrix, places) + (offset + middle[None])[:, :, None]
    y = jnp.clip(source[:, 0], 0, height - 1)
    z = jnp.clip(source[:, 1], 0, width - 1)
    top = jnp.clip(jnp.floor(y), 0, max(height - 2, 0)).astype(jnp.int32)
    left = jnp.clip(jnp.floor(z), 0, max(width - 2, 0)).astype(jnp.int32)
    down, right = y - top.astype(jnp.float32), z - left.astype(jnp.float32)
    flat = x.reshape(len(x), height * width, channels)

    def at(row: Array, column: Array) -> Array:
        index = jnp.minimum(row, height - 1) * width + jnp.minimum(column, width - 1)
        return jnp.take_along_axis(flat, index[..., None], axis=1, mode="clip")

    upper = at(top, left) * (1 - right)[..., None] + at(top, left + 1) * right[..., None]
    lower = at(top + 1, left) * (1 - right)[..., None] + at(top + 1, left + 1) * right[..., None]
    return (upper * (1 - down)[..., None] + lower * down[..., None]).reshape(x.shape)


def _matrix(a: Array, b: Array, c: Array, d: Array) -> Array:
    return jnp.stack([jnp.stack([a, b], -1), jnp.stack([c, d], -1)], -2)


def rotate(x: Images, key: Any, strength: float) -> Images:
    """Turn by up to ``strength`` degrees each way."""
    angle = uniforms(key, len(x), low=-strength, high=strength) * (math.pi / 180)
    sine, cosine = jnp.sin(angle), jnp.cos(angle)
    return warp(x, _matrix(cosine, -sine, sine, cosine), jnp.zeros((len(x), 2)))


def zoom(x: Images, key: Any, strength: float) -> Images:
    """Stretch by a factor within 1 ± ``strength``, the same both ways."""
    factor = 1 / uniforms(key, len(x), low=1 - strength, high=1 + strength)
    zero = jnp.zeros_like(factor)
    return warp(x, _matrix(factor, zero, zero, factor), jnp.zeros((len(x), 2)))


def shear(x: Images, key: Any, strength: float) -> Images:
    """Slant by up to ``strength`` pixels a pixel, along rows and along columns."""
    one = jnp.ones(len(x))
    down = uniforms(hashed_key(key, jnp.array(0)), len(x), low=-strength, high=strength)
    right = uniforms(hashed_key(key, jnp.array(1)), len(x), low=-strength, high=strength)
    return warp(x, _matrix(one, down, right, one), jnp.zeros((len(x), 2)))


def crop(x: Images, key: Any, strength: float) -> Images:
    """Cut out a part of ``strength`` to 1 of the area, 3:4 to 4:3 in shape, and enlarge it to the whole.

    References:
        Szegedy et al. Going deeper with convolutions. CVPR 2015.
    """
    keys = [hashed_key(key, jnp.array(i)) for i in range(4)]
    area = uniforms(keys[0], len(x), low=strength, high=1.0)
    shape = jnp.exp(uniforms(keys[1], len(x), low=-math.log(4 / 3), high=math.log(4 / 3)))
    size = [jnp.minimum(jnp.sqrt(area * ratio), 1) for ratio in (shape, 1 / shape)]
    zero = jnp.zeros(len(x))
    free = [(1 - part) / 2 * length for part, length in zip(size, x.shape[1:3], strict=True)]
    offset = [uniforms(k, len(x), low=-1.0, high=1.0) * room for k, room in zip(keys[2:], free, strict=True)]
    return warp(x, _matrix(size[0], zero, zero, size[1]), jnp.stack(offset, -1))


def brightness(x: Images, key: Any, strength: float) -> Images:
    """Multiply by a factor within 1 ± ``strength``."""
    return jnp.clip(x * per_image(uniforms(key, len(x), low=1 - strength, high=1 + strength)), 0, 255)


def contrast(x: Images, key: Any, strength: float) -> Images:
    """Pull values from the image's mean, or to it, by a factor within 1 ± ``strength``."""
    factor = per_image(uniforms(key, len(x), low=1 - strength, high=1 + strength))
    mean = x.mean((1, 2, 3), keepdims=True)
    return jnp.clip(mean + (x - mean) * factor, 0, 255)


def gamma(x: Images, key: Any, strength: float) -> Images:
    """Raise values, as shares of 255, to a power from exp(-``strength``) to exp(``strength``)."""
    power = jnp.exp(per_image(uniforms(key, len(x), low=-strength, high=strength)))
    return 255.0 * jnp.power(jnp.clip(x / 255.0, 1e-4, 1.0), power)


def saturation(x: Images, key: Any, strength: float) -> Images:
    """Pull colors from gray, or to it, by a factor within 1 ± ``strength``; gray images stay."""
    if x.shape[-1] != 3:
        return x
    factor = per_image(uniforms(key, len(x), low=1 - strength, high=1 + strength))
    gray = (x * jnp.array(GRAY, x.dtype).reshape(1, 1, 1, 3)).sum(-1, keepdims=True)
    return jnp.clip(gray + (x - gray) * factor, 0, 255)


def color(x: Images, key: Any, strength: float) -> Images:
    """Change brightness, contrast and saturation, each within 1 ± ``strength``."""
    for number, change in enumerate((brightness, contrast, saturation)):
        x = change(x, hashed_key(key, jnp.array(number)), strength)
    return x


def cutout(x: Images, key: Any, strength: float) -> Images:
    """Paint a square of ``strength`` pixels with the image's mean.

    References:
        DeVries, Taylor. Improved regularization of convolutional neural networks with cutout. 2017.
    """
    hidden = box_mask(x, key, jnp.full(len(x), strength), jnp.full(len(x), strength))
    return jnp.where(hidden, x.mean((1, 2), keepdims=True), x)


def box_mask(x: Images, key: Any, height: Float[Array, " b"], width: Float[Array, " b"]) -> Array:
    """Return a mask (b, y, x, 1) that is True in a box around a random place.

    Args:
        x: images, for their size.
        key: random key.
        height: of each box, in pixels.
        width: of each box, in pixels.
    """
    inside = None
    for axis, size in ((1, height), (2, width)):
        length = x.shape[axis]
        middle = uniforms(hashed_key(key, jnp.array(axis)), len(x), low=0.0, high=float(length))
        places = (jnp.arange(length, dtype=jnp.float32) + 0.5).reshape(
            [-1 if a == axis else 1 for a in range(4)]
        )
        near = jnp.abs(places - per_image(middle)) <= per_image(size) / 2
        inside = near if inside is None else inside & near
    return inside


Change = Callable[[Array, Any, float], Array]


class RandomChange(NamedTuple):
    """A random change by its name.

    Args:
        change: of images, a key and a strength.
        strength: the default.
        maps: what it does to targets of every pixel.
    """

    change: Change
    strength: float
    maps: Literal["stay", "follow", "impossible"]


CHANGES: Registry[RandomChange] = Registry("augmentation")
for _name, _change in (
    ("flip", RandomChange(flip, 0.5, "follow")),
    ("turn-over", RandomChange(turn_over, 0.5, "follow")),
    ("transpose", RandomChange(transpose, 0.5, "follow")),
    ("shift", RandomChange(shift, 2.0, "follow")),
    ("rotate", RandomChange(rotate, 10.0, "follow")),
    ("zoom", RandomChange(zoom, 0.1, "follow")),
    ("shear", RandomChange(shear, 0.1, "follow")),
    ("crop", RandomChange(crop, 0.5, "follow")),
    ("brightness", RandomChange(brightness, 0.3, "stay")),
    ("contrast", RandomChange(contrast, 0.3, "stay")),
    ("gamma", RandomChange(gamma, 0.5, "stay")),
    ("saturation", RandomChange(saturation, 0.3, "stay")),
    ("color", RandomChange(color, 0.3, "stay")),
    ("cutout", RandomChange(cutout, 8.0, "stay")),
):
    CHANGES.add(_name, _change)

# What RandAugment draws from, with the largest strength of each.
RANDOM_CHANGES: tuple[tuple[Change, float], ...] = (
    (rotate, 30.0), (shear, 0.3), (zoom, 0.3), (brightness, 0.9), (contrast, 0.9), (saturation, 0.9),
)  # fmt: skip


def rand_augment(x: Images, key: Any, strength: float) -> Images:
    """Apply two changes an example, drawn from a fixed list, at ``strength`` tenths of their largest.

    The step draws the two for blocks of examples together, so that only what is drawn is computed.

    References:
        Cubuk et al. RandAugment: practical automated data augmentation. NeurIPS 2020.
    """
    share = strength / 10
    branches = [
        lambda x, key, change=change, most=most: change(x, key, most * share)
        for change, most in RANDOM_CHANGES
    ]
    groups = math.gcd(len(x), 8)
    cut = x.reshape(groups, len(x) // groups, *x.shape[1:])
    for turn in range(2):
        own = hashed_key(key, jnp.array(turn))
        drawn = (hashed_bits(own, (groups,)) >> jnp.uint32(8)) % jnp.uint32(len(branches))

        def changed(block: tuple[Array, Array, Array], own: Any = own) -> Array:
            images, which, number = block
            return jax.lax.switch(which, branches, images, hashed_key(own, number))

        numbers = jnp.arange(groups, dtype=jnp.uint32)
        cut = jax.lax.map(changed, (cut, drawn.astype(jnp.int32), numbers))
    return cut.reshape(x.shape)


CHANGES.add("randaugment", RandomChange(rand_augment, 9.0, "impossible"))  # moves and colors at once
