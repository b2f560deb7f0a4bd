"""Which network improves images, and how long it learns, where the user leaves it open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.core.inputs import Inputs
from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.enhance.keys import DENOISE, FACTORS, USUAL_CROP, degradation_learned
from lamina.tasks.samples.guide import AbstractSampleGuide

EDSR, DRUNET = "edsr", "drunet"
BATCH, SMALL_CROP = 32, 32  # examples, and pixels of a crop's side in the small images
EVALUATIONS = 20  # of a run
SECONDS = {"fast": 60.0, "balanced": 300.0, "best": 1_800.0}  # of a run
# Steps that two cores with AVX-512 take in a second with the models below, about; others take longer.
STEPS_A_SECOND = 8.0
WITH_LIMIT = 1.3  # times as many are planned with a time limit: a schedule that is too long ends in time
FEWEST_STEPS = 40
_KEYS: dict[str, Any] = {
    "optimizer": "adamw",
    "lr": 2e-3,
    "weight_decay": 0.0,
    "schedule": "cosine",
    "warmup": 0.05,
    "clip": 0.5,
    "batch_size": BATCH,
    "monitor": "psnr",
    "patience": 1000,  # the rate falls to zero: the last epochs are the best
}


class EnhanceGuide(AbstractSampleGuide):
    """Chains of convolutions remove noise and make images finer, U-Nets do the rest."""

    def inputs(self, given: Inputs, target: Any) -> Inputs:
        """Return what a model is told of degraded images."""
        return degradation_learned(target.method, target.space).inputs(target.inputs.channels)

    def choose(self, situation: Situation, blocks: Sequence[Block], target: Any) -> Choice:
        """Return model, options and keys for a time."""
        finer = target.method in FACTORS
        name, reason, options = situation.model, "you asked for it", {}
        if name in ("auto", ""):
            name, options, reason = model_for(target.method)
        steps = max(FEWEST_STEPS, int(_seconds(situation) * STEPS_A_SECOND))
        epochs = min(EVALUATIONS, steps // 2)
        keys = {
            **_KEYS,
            "epochs": epochs,
            "steps_per_epoch": steps // epochs,
            "crop": USUAL_CROP,
            **({"crop": SMALL_CROP * FACTORS[target.method], "batch_size": BATCH // 2} if finer else {}),
        }
        return Choice(name, options, keys, reason)


def _seconds(situation: Situation) -> float:
    """Return how long a run is planned to take."""
    own, limit = SECONDS[situation.preset], situation.seconds
    if limit is None:
        return own
    return WITH_LIMIT * (limit if situation.preset == "best" else min(limit, own))


def model_for(method: str) -> tuple[str, dict[str, Any], str]:
    """Return model, options and the reason.

    Of noise the chain removed more than the U-Net in runs of a few minutes at the same cost; for the others
    nothing was compared.

    Args:
        method: name of the degradation.
    """
    if method in FACTORS:
        reason = "a residual chain keeps details, and works on the small image"
        return EDSR, {"size": 64, "depth": 6, "fold": 1}, reason
    if method == DENOISE:
        reason = "a residual chain keeps details; folded, it removes noise at a quarter of the work"
        return EDSR, {"size": 64, "depth": 6, "fold": 2}, reason
    reason = "a residual U-Net sees far around each pixel at little cost"
    return DRUNET, {"size": 64, "depth": 1, "levels": 2, "fold": 2}, reason
