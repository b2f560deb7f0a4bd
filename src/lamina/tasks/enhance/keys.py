"""The keys of enhancement, and which degradation they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError
from lamina.core.keys import POSITIVE, key, one_of
from lamina.tasks.samples.owned import check_owned
from lamina.tasks.samples.pairs import PAIRS, PairSpace

if TYPE_CHECKING:
    from lamina.objectives.degradations import AbstractDegradation
    from lamina.tasks.samples.space import AbstractSpace

DENOISE, INPAINT, COLORIZE = "denoise", "inpaint", "colorize"
FACTORS = {"upscale2": 2, "upscale4": 4}
DEGRADATIONS = (DENOISE, INPAINT, *FACTORS, COLORIZE)
USUAL_SIGMA, USUAL_HOLE, USUAL_CROP = (25.0,), 0.25, 48
MOST_SIGMA = 255.0
OWNED = {
    **dict.fromkeys((*DEGRADATIONS, PAIRS), ()),
    DENOISE: ("sigma",),
    INPAINT: ("hole",),
}  # keys of their own


def _is_range(sigma: tuple[float, ...]) -> bool:
    return 1 <= len(sigma) <= 2 and 0 <= sigma[0] <= sigma[-1] <= MOST_SIGMA and sigma[-1] > 0


@dataclass(frozen=True)
class EnhanceKeys:
    """The keys of enhancement."""

    degrade: str | None = key(
        None,
        "what is done to clean images, and to be undone (denoise); nothing to pairs",
        **one_of(*DEGRADATIONS),
    )
    sigma: tuple[float, ...] | None = key(
        None,
        "denoise: standard deviation of the noise in levels of 255 (25); two are the ends of a range",
        check=_is_range,
        expected=f"one number up to {MOST_SIGMA:g}, or two increasing ones",
    )
    hole: float | None = key(
        None,
        "inpaint: share of the pixels that are missing (0.25)",
        check=lambda value: 0 < value < 1,
        expected="> 0 and < 1",
    )
    crop: int | None = key(None, "side of the crops that training sees, in pixels", **POSITIVE)


def method_of(keys: EnhanceKeys, *, paired: bool) -> str:
    """Return the name of what is undone: a degradation, or `PAIRS` where it was done before.

    Args:
        keys: of the task.
        paired: whether a column holds the clean images.

    Raises:
        ConfigError: a key belongs to another one.
    """
    if paired and keys.degrade is not None:
        fix = "leave degrade out, or the column of clean images: drop="
        raise ConfigError("pairs of images are degraded already", received=f"degrade={keys.degrade}", fix=fix)
    method = PAIRS if paired else keys.degrade or DENOISE
    check_owned(keys, method, OWNED, noun="degrade")
    return method


def degradation_of(keys: EnhanceKeys, space: AbstractSpace | None = None) -> AbstractDegradation:
    """Return the degradation that the keys name.

    Args:
        keys: of the task.
        space: of the samples: those of pairs bring it along.

    Raises:
        ConfigError: a key belongs to another degradation.
    """
    from lamina.objectives import degradations

    method = method_of(keys, paired=isinstance(space, PairSpace))
    if isinstance(space, PairSpace):
        return degradations.Pairs(space.given_channels, space.channels)
    if method in FACTORS:
        return degradations.Reduction(FACTORS[method])
    if method == DENOISE:
        return degradations.Noise(tuple(map(float, keys.sigma or USUAL_SIGMA)))
    if method == INPAINT:
        return degradations.Holes(USUAL_HOLE if keys.hole is None else keys.hole)
    return degradations.Gray()


def degradation_learned(method: str, space: AbstractSpace) -> AbstractDegradation:
    """Return a degradation by its name, with the usual keys: enough to know what a model is told.

    Args:
        method: one of `DEGRADATIONS`, or `PAIRS`.
        space: of the samples.
    """
    return degradation_of(EnhanceKeys(degrade=None if method == PAIRS else method), space)


def words_of(keys: Any, method: str) -> str:
    """Return what a network of these keys does, for a person.

    Args:
        keys: of the task, as attributes.
        method: from `method_of`.
    """
    if method == PAIRS:
        return "undoes what was done to the images of the pairs"
    if method == DENOISE:
        sigma = keys.sigma or USUAL_SIGMA
        levels = " to ".join(f"{own:g}" for own in sigma)
        return f"removes Gaussian noise of a standard deviation of {levels} levels of 255"
    if method == INPAINT:
        return f"fills holes, learned where {keys.hole or USUAL_HOLE:.0%} of the pixels are missing"
    if method in FACTORS:
        return f"makes images {FACTORS[method]} times as wide and high"
    return "gives color to gray images"
