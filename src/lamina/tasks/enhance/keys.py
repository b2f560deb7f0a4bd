"""The keys of enhancement, and which degradation they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.keys import POSITIVE, key, one_of
from lamina.tasks.samples.owned import check_owned

if TYPE_CHECKING:
    from lamina.objectives.degradations import AbstractDegradation

DENOISE, INPAINT, COLORIZE = "denoise", "inpaint", "colorize"
FACTORS = {"upscale2": 2, "upscale4": 4}
DEGRADATIONS = (DENOISE, INPAINT, *FACTORS, COLORIZE)
USUAL_SIGMA, USUAL_HOLE, USUAL_CROP = (25.0,), 0.25, 48
MOST_SIGMA = 255.0
OWNED = {**dict.fromkeys(DEGRADATIONS, ()), DENOISE: ("sigma",), INPAINT: ("hole",)}  # keys of their own


def _is_range(sigma: tuple[float, ...]) -> bool:
    return 1 <= len(sigma) <= 2 and 0 <= sigma[0] <= sigma[-1] <= MOST_SIGMA and sigma[-1] > 0


@dataclass(frozen=True)
class EnhanceKeys:
    """The keys of enhancement."""

    degrade: str = key(DENOISE, "what is done to clean images, and to be undone", **one_of(*DEGRADATIONS))
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


def degradation_of(keys: EnhanceKeys) -> AbstractDegradation:
    """Return the degradation that the keys name.

    Args:
        keys: of the task.

    Raises:
        ConfigError: a key belongs to another degradation.
    """
    from lamina.objectives import degradations

    check_owned(keys, keys.degrade, OWNED, noun="degrade")
    if keys.degrade in FACTORS:
        return degradations.Reduction(FACTORS[keys.degrade])
    if keys.degrade == DENOISE:
        return degradations.Noise(tuple(map(float, keys.sigma or USUAL_SIGMA)))
    if keys.degrade == INPAINT:
        return degradations.Holes(USUAL_HOLE if keys.hole is None else keys.hole)
    return degradations.Gray()


def degradation_named(name: str) -> AbstractDegradation:
    """Return a degradation by its name, with the usual keys: enough to know what a model is told.

    Args:
        name: one of `DEGRADATIONS`.
    """
    return degradation_of(EnhanceKeys(degrade=name))


def words_of(keys: Any) -> str:
    """Return what a network of these keys does, for a person.

    Args:
        keys: of the task, as attributes.
    """
    if keys.degrade == DENOISE:
        sigma = keys.sigma or USUAL_SIGMA
        levels = " to ".join(f"{own:g}" for own in sigma)
        return f"removes Gaussian noise of a standard deviation of {levels} levels of 255"
    if keys.degrade == INPAINT:
        return f"fills holes, learned where {keys.hole or USUAL_HOLE:.0%} of the pixels are missing"
    if keys.degrade in FACTORS:
        return f"makes images {FACTORS[keys.degrade]} times as wide and high"
    return "gives color to gray images"
