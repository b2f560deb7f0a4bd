"""Densities of rows: categories one after another, then an invertible network for the numbers."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import make_key, split, uniform
from lamina.core.shapes import Float, Int
from lamina.core.wanted import DENSITY
from lamina.models.category_chain import CategoryChain
from lamina.models.coupling import AbstractTransform, Affine, Coupling, Spline
from lamina.models.registry import register
from lamina.nn.embedding import Embedding
from lamina.nn.linear import Linear

_BLOCKS = 2  # residual blocks of each network
_LOG_2_PI = math.log(2 * math.pi)


class RowDensity(Module):
    """log p(row) = log p(categories) + log N(z) + log |dz / dnumbers|, where z = flow(numbers; categories).

    Categories are no numbers: their probabilities are softmaxes, each given the categories before it, so that
    nothing has to be added to them to give them a density. The numbers follow, given all categories:
    couplings turn them into normal ones. All is given the class, where there are classes.

    Args:
        inputs: groups of features and number of classes.
        transform: of one number in a coupling.
        width: features of the hidden layers.
        depth: couplings.
        dropout: probability in [0, 1) inside the residual blocks.
        key: random key or seed.

    Shapes:
        (batch, features), labels (batch,), -1 for any → (batch,)

    References:
        Dinh, Sohl-Dickstein, Bengio. Density estimation using Real NVP. ICLR 2017. Durkan, Bekasov, Murray,
        Papamakarios. Neural spline flows. NeurIPS 2019. Deviation: categories have a model of their own.
    """

    label: Embedding | None
    chain_label: Embedding | None
    chain: CategoryChain | None
    context: Linear | None
    couplings: list[Coupling]
    groups: tuple[int, ...] = static()
    width: int = static()

    def __init__(
        self,
        inputs: RowSampleInputs,
        transform: AbstractTransform,
        *,
        width: int,
        depth: int,
        dropout: float,
        key: Any,
    ):
        keys, labels = split(key, 5), inputs.labels
        self.groups, self.width = inputs.groups, width
        own = {"width": width, "depth": _BLOCKS, "dropout": dropout}
        kinds, count = tuple(one for one in inputs.groups if one > 1), inputs.groups.count(1)
        self.chain = CategoryChain(kinds, **own, key=keys[0]) if kinds else None
        self.chain_label = Embedding(labels + 1, width, key=keys[1]) if labels and kinds else None
        self.label = Embedding(labels + 1, width, key=keys[2]) if labels and count else None
        self.context = Linear(sum(kinds), width, key=keys[3]) if kinds and count else None
        kept = _kept(count, depth if count else 0)
        self.couplings = [
            Coupling(count, places, transform, **own, key=k)
            for places, k in zip(kept, split(keys[4], len(kept)), strict=True)
        ]

    def __call__(
        self,
        x: Float[Array, "b d"],
        label: Int[Array, " b"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, " b"]:
        return self.log_density(x, label, key=key, train=train)

    def log_density(self, x: Array, label: Array, *, key: Any = None, train: bool = False) -> Array:
        """Return the logarithm of the density of each row, nats (batch,).

        Args:
            x: (batch, features).
            label: (batch,), -1 for any.
            key: of dropout.
            train: whether in training.
        """
        keys = [None] * 2 if key is None else list(hashed_keys(key, 2))
        numbers, kinds = self._cut(x)
        total = jnp.zeros(len(x), jnp.float32)
        if self.chain is not None:
            context = _of_label(self.chain_label, label, self.width)
            total = total + self.chain(kinds, context, key=keys[0], train=train)
        if self.couplings:
            z, log_slope = self._normal(numbers, self._context(kinds, label), key=keys[1], train=train)
            total = total + log_slope - 0.5 * (z**2 + _LOG_2_PI).sum(axis=1)
        return total

    def sample(self, noise: Float[Array, "b d"], label: Int[Array, " b"]) -> Float[Array, "b d"]:
        """Return rows made of normal noise.

        Args:
            noise: (batch, features).
            label: (batch,), -1 for any.
        """
        numbers, kinds = self._cut(noise)
        if self.chain is not None:
            kinds = self.chain.sample(kinds, _of_label(self.chain_label, label, self.width))
        if self.couplings:
            context = self._context(kinds, label)
            for coupling in reversed(self.couplings):
                numbers = coupling.inverse(numbers, context)
        order = np.argsort(np.concatenate(_places(self.groups)), kind="stable")
        return jnp.concatenate([numbers, kinds], axis=1)[:, order]

    def normal(self, x: Float[Array, "b d"], label: Int[Array, " b"]) -> Float[Array, "b n"]:
        """Return the normal numbers that the numbers of rows come from."""
        numbers, kinds = self._cut(x)
        return self._normal(numbers, self._context(kinds, label))[0]

    def _normal(
        self, numbers: Array, context: Array, *, key: Any = None, train: bool = False
    ) -> tuple[Array, Array]:
        """Return normal numbers, and the logarithm of the determinant."""
        count = len(self.couplings)
        keys = [None] * count if key is None else list(hashed_keys(key, count))
        total = jnp.zeros(len(numbers), jnp.float32)
        for coupling, own in zip(self.couplings, keys, strict=True):
            numbers, log_slope = coupling(numbers, context, key=own, train=train)
            total = total + log_slope
        return numbers, total

    def _context(self, kinds: Array, label: Array) -> Array:
        """Return what the couplings are told, (batch, width)."""
        context = _of_label(self.label, label, self.width)
        return context if self.context is None else context + self.context(kinds.astype(context.dtype))

    def _cut(self, x: Array) -> tuple[Array, Array]:
        """Return the numbers and the one-hot groups of rows, float32."""
        numbers, kinds = _places(self.groups)
        x = x.astype(jnp.float32)
        return x[:, numbers], x[:, kinds]


def _places(groups: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the features that are numbers, and those of categories."""
    is_number = np.repeat(np.array(groups) == 1, groups)
    places = np.arange(len(is_number), dtype=np.int32)
    return places[is_number], places[~is_number]


def _of_label(vectors: Embedding | None, label: Array, width: int) -> Array:
    """Return the vector of each class; zeros where there are no classes."""
    return jnp.zeros((len(label), width), jnp.float32) if vectors is None else vectors(label + 1)


def _kept(count: int, depth: int) -> list[tuple[int, ...]]:
    """Return which numbers each coupling keeps: one half of a random order, then the other.

    The orders depend on no seed: a model that is loaded has those of the one that was saved.
    """
    found, order = [], []
    for number in range(depth):
        if number % 2 == 0:
            order = np.argsort(uniform(make_key(number), (count,)), kind="stable").tolist()
        half = order[: count // 2] if number % 2 == 0 else order[count // 2 :]
        found.append(tuple(sorted(half)) if count > 1 else ())
    return found


@register(
    "realnvp", size=128, dial="features of the hidden layers", takes=(RowSampleInputs,),
    reference="Dinh, Sohl-Dickstein, Bengio. Density estimation using Real NVP. ICLR 2017",
    gives=(DENSITY,), defaults={"lr": 1e-3},
)  # fmt: skip
def realnvp(
    inputs: Any, outputs: int, *, size: int, depth: int = 8, dropout: float = 0.0, key: Any
) -> Module:
    """Flow whose couplings scale and shift: the density of rows, quick and simple."""
    return RowDensity(inputs, Affine(), width=size, depth=depth, dropout=dropout, key=key)


@register(
    "spline-flow", size=128, dial="features of the hidden layers", takes=(RowSampleInputs,),
    reference="Durkan, Bekasov, Murray, Papamakarios. Neural spline flows. NeurIPS 2019",
    gives=(DENSITY,), defaults={"lr": 1e-3},
)  # fmt: skip
def spline_flow(
    inputs: Any, outputs: int, *, size: int, depth: int = 6, bins: int = 8, dropout: float = 0.0, key: Any
) -> Module:
    """Flow whose couplings map each number by a spline: the density of rows, several modes and gaps."""
    return RowDensity(inputs, Spline(bins), width=size, depth=depth, dropout=dropout, key=key)
