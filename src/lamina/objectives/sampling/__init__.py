"""Ways from noise to a sample by a denoiser, each a table of numbers that one loop carries out."""

from __future__ import annotations

from lamina.core.registry import Registry
from lamina.objectives.sampling.ancestral import ancestral, implicit
from lamina.objectives.sampling.multistep import multistep
from lamina.objectives.sampling.plan import Plan, Sampler, sample_by
from lamina.objectives.sampling.runge_kutta import euler, heun, midpoint

SAMPLERS: Registry[Sampler] = Registry("sampler")
for _name, _sampler in {
    "ddpm": ancestral, "ddim": implicit, "dpm": multistep, "euler": euler, "heun": heun, "midpoint": midpoint,
}.items():  # fmt: skip
    SAMPLERS.add(_name, _sampler)

# Evaluations beyond which samples hardly change.
EVALUATIONS = {"ddpm": 250, "ddim": 50, "dpm": 20, "euler": 50, "heun": 35, "midpoint": 30}

__all__ = ["EVALUATIONS", "SAMPLERS", "Plan", "Sampler", "sample_by"]
