"""Variational autoencoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.keys import NOT_NEGATIVE, key, one_of
from lamina.core.wanted import POSTERIOR
from lamina.tasks.generate.methods.base import AbstractMethod
from lamina.tasks.generate.methods.registry import METHODS

if TYPE_CHECKING:
    from lamina.core.inputs import AbstractSampleInputs
    from lamina.objectives.samples import AbstractGenerativeObjective


@dataclass(frozen=True)
class VariationalKeys:
    """The keys of variational autoencoders."""

    beta: float | None = key(None, "weight of the divergence from the prior", **NOT_NEGATIVE)
    free_bits: float | None = key(None, "nats of a number of the code that cost nothing", **NOT_NEGATIVE)
    likelihood: str | None = key(
        None,
        "how pixels are distributed: of 256 levels (logistic), black or white (bernoulli), or normal",
        **one_of("logistic", "bernoulli", "gaussian"),
    )
    binarize: str | None = key(
        None,
        "pixels as they are, white from one half on, or white with the gray as probability",
        **one_of("given", "threshold", "drawn"),
    )


class Variational(AbstractMethod):
    """A code of a few normal numbers is decoded into a sample."""

    name = "vae"
    summary = "a variational autoencoder: fast, with a map of the data; its samples are smooth"
    wants = POSTERIOR
    keys = VariationalKeys
    defaults = {"beta": 1.0, "free_bits": 0.0, "binarize": "given"}  # noqa: RUF012
    of_images = of_rows = "vae"
    row_steps = {"fast": 6_000, "balanced": 32_000, "best": 100_000}  # noqa: RUF012  # small networks

    def objective(self, space: AbstractSampleInputs, keys: Any) -> AbstractGenerativeObjective:
        """Return the negative bound on the likelihood."""
        from lamina.objectives.variational import VariationalObjective

        return VariationalObjective(
            space,
            beta=keys.beta,
            free_bits=keys.free_bits,
            likelihood=keys.likelihood,
            binarize=keys.binarize,
        )


METHODS.add(Variational.name, Variational())
