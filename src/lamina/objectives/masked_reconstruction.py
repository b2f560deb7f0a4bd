"""Masked reconstruction: hidden pieces of a sample from those that are seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys, hashed_uniform
from lamina.core.inputs import RowSampleInputs
from lamina.objectives.base import Batch, Losses
from lamina.objectives.reconstruction import errors_of, places_of, shown_sample, weighted_mean
from lamina.objectives.samples import AbstractSampleObjective

_EVALUATES = 0x3A5C  # key of the masks of evaluation


@dataclass(frozen=True)
class MaskedReconstructionObjective(AbstractSampleObjective):
    """The mean error of the pieces of a sample that the network has not seen.

    In training a share of the pieces, other ones for each example and step, is hidden. Evaluation is the same
    each time: what is seen, or hidden if that is less, moves through the pieces in a fixed order until each
    of them was hidden; the error is the mean over what was.

    Models are `lamina.models.masked_autoencoder.MaskedAutoencoder`, or others with ``fill`` and ``pieces``.

    Args:
        space: what samples are.
        hidden: share of the pieces that is hidden, in (0, 1): 0.75 for patches of images, less for columns.

    Raises:
        ConfigError: the share is out of range.

    References:
        He et al. Masked autoencoders are scalable vision learners. CVPR 2022.
    """

    hidden: float = 0.75
    measures = ("error",)

    def __post_init__(self) -> None:
        if not 0 < self.hidden < 1:
            raise ConfigError("hidden is out of range", expected="0 < hidden < 1", received=self.hidden)

    def seen(self, pieces: int) -> int:
        """Return how many pieces of a sample are seen, at least one, and one less than all at most.

        Raises:
            ConfigError: there is one piece alone.
        """
        if pieces < 2:
            raise ConfigError("a sample of one piece cannot be masked", expected="two columns or patches")
        return max(1, min(pieces - 1, round((1 - self.hidden) * pieces)))

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted error of hidden pieces."""
        x, keys = self.units(batch["x"]), hashed_keys(key, 2)
        pieces = model.pieces.count
        drawn = hashed_uniform(keys[0], (len(x), pieces))
        seen = jax.lax.top_k(drawn, self.seen(pieces))[1]
        outputs = model.fill(x, seen, key=keys[1], train=True)
        errors, hidden = self._hidden_errors(model, outputs, x, seen)
        each = _total(errors * hidden) / jnp.maximum(_total(hidden), 1.0)
        return {"all": (weighted_mean(each, batch["weight"]), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of the error and of weights."""
        errors, counted, _ = self._measured(model, self.units(batch["x"]))
        each = _total(errors) / jnp.maximum(_total(counted), 1.0)
        weight = batch["weight"]
        return {"loss": (each * weight).sum(), "weight": weight.sum()}

    def answer(self, model: Any, x: Any) -> Array:
        """Return the error of each example, (b, 1)."""
        errors, counted, _ = self._measured(model, self.units(x["sample"]))
        return (_total(errors) / jnp.maximum(_total(counted), 1.0))[:, None]

    def errors(self, model: Any, x: Any) -> Array:
        """Return the error of each column of rows, (b, groups), or of each pixel of images, (b, y, x)."""
        errors, counted, _ = self._measured(model, self.units(x["sample"]))
        return errors / jnp.maximum(counted, 1.0)

    def reconstruct(self, model: Any, x: Any) -> Array:
        """Return each sample as the mean of what the network gives where it has not seen it, (b, *shape)."""
        return self._measured(model, self.units(x["sample"]))[2]

    def _hidden_errors(self, model: Any, outputs: Array, x: Array, seen: Array) -> tuple[Array, Array]:
        """Return the errors of all columns or pixels, and which of them were hidden."""
        hidden = hidden_pieces(seen, model.pieces.count)
        if not isinstance(self.space, RowSampleInputs):
            hidden = model.pieces.spread(hidden)[..., 0]
        return errors_of(self.space, outputs, x), hidden

    def _measured(self, model: Any, x: Array) -> tuple[Array, Array, Array]:
        """Return sums over the sets of errors and of what was hidden, and the mean outputs there."""
        pieces = model.pieces.count
        count = self.seen(pieces)
        order = hashed_uniform(_EVALUATES, (pieces,)).argsort().astype(jnp.int32)
        step = min(count, pieces - count)
        starts = jnp.arange(math.ceil(pieces / step), dtype=jnp.int32) * step

        def of_set(total: Any, start: Array) -> tuple[Any, None]:
            places = (start + jnp.arange(count, dtype=jnp.int32)) % pieces
            seen = jnp.broadcast_to(order[places][None], (len(x), count))
            outputs = model.fill(x, seen).astype(jnp.float32)
            errors, hidden = self._hidden_errors(model, outputs, x, seen)
            at_values = model.pieces.spread(hidden_pieces(seen, pieces))
            found = (errors * hidden, hidden, at_values * shown_sample(self.space, outputs), at_values)
            return jax.tree.map(jnp.add, total, found), None

        of_places, of_values = jnp.zeros((len(x), *places_of(self.space))), jnp.zeros(x.shape)
        zero = (of_places, of_places, of_values, of_values)
        (errors, counted, values, at_values), _ = jax.lax.scan(of_set, zero, starts)
        return errors, counted, values / jnp.maximum(at_values, 1.0)


def hidden_pieces(seen: Array, pieces: int) -> Array:
    """Return 1 for each piece that is not seen and 0 for the others, (b, pieces).

    Args:
        seen: numbers of the pieces that are seen, (b, count).
        pieces: how many there are.

    Example:
        >>> hidden_pieces(jnp.array([[0, 2]]), 4).tolist()
        [[0.0, 1.0, 0.0, 1.0]]
    """
    examples = jnp.arange(len(seen))[:, None]
    return jnp.ones((len(seen), pieces)).at[examples, seen].set(0.0, unique_indices=True)


def _total(values: Array) -> Array:
    return values.reshape(len(values), -1).sum(1)
