"""How samples are reconstructed: which model, which objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lamina.core.inputs import AbstractSampleInputs, ImageSampleInputs
from lamina.core.wanted import CODE, POSTERIOR

NOISE = 0.3  # standard deviation, of numbers with one of 1 and of pixels in [-1, 1]
SPARSITY = 1e-2
HIDDEN_OF_IMAGES, HIDDEN_OF_ROWS = 0.75, 0.5  # shares, as in He et al. 2022; columns repeat each other less


@dataclass(frozen=True)
class Method:
    """A kind of autoencoder.

    Args:
        name: what people type.
        summary: what it does, as it stands behind "method:".
        model: name in `lamina.models.MODELS`.
        objective: ``(space, keys) -> objective``.
        wants: what outputs it wants of a model.
        options: of the model.
        own: keys of the task that are its own.
    """

    name: str
    summary: str
    model: str
    objective: Callable[[AbstractSampleInputs, Any], Any]
    wants: str = CODE
    options: Mapping[str, Any] = field(default_factory=dict)
    own: tuple[str, ...] = ()


def _plain(space: AbstractSampleInputs, keys: Any) -> Any:
    from lamina.objectives.reconstruction import ReconstructionObjective

    return ReconstructionObjective(space)


def _denoising(space: AbstractSampleInputs, keys: Any) -> Any:
    from lamina.objectives.reconstruction import ReconstructionObjective

    hidden = 0.0 if keys.hidden_share is None else keys.hidden_share
    return ReconstructionObjective(space, noise=NOISE if keys.noise is None else keys.noise, hidden=hidden)


def _masked(space: AbstractSampleInputs, keys: Any) -> Any:
    from lamina.objectives.masked_reconstruction import MaskedReconstructionObjective

    usual = HIDDEN_OF_IMAGES if isinstance(space, ImageSampleInputs) else HIDDEN_OF_ROWS
    return MaskedReconstructionObjective(
        space, hidden=usual if keys.hidden_share is None else keys.hidden_share
    )


def _variational(space: AbstractSampleInputs, keys: Any) -> Any:
    from lamina.objectives.variational import VariationalObjective

    return VariationalObjective(space, beta=1.0 if keys.beta is None else keys.beta)


METHODS = {
    method.name: method
    for method in (
        Method("autoencoder", "a short code, and the sample again from it", "autoencoder", _plain),
        Method(
            "denoising",
            "clean samples from noisy ones",
            "autoencoder",
            _denoising,
            own=("noise", "hidden_share"),
        ),
        Method(
            "sparse",
            "a code of which few numbers are other than zero",
            "autoencoder",
            _plain,
            options={"sparsity": SPARSITY},
        ),
        Method(
            "masked",
            "the whole from a few of its pieces",
            "masked-autoencoder",
            _masked,
            own=("hidden_share",),
        ),
        Method(
            "vae", "a distribution of codes, near a normal one", "vae", _variational, POSTERIOR, own=("beta",)
        ),
        Method("vqvae", "a code of symbols from an alphabet that is learned", "vqvae", _plain),
    )
}
