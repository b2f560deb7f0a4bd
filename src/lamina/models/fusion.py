"""One network for several blocks of inputs: a network a block, and a head that sees what all of them say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError, suggest
from lamina.core.hashing import hashed_bits, hashed_keys
from lamina.core.inputs import PRESENT, ImageInputs, Inputs, MixedInputs, TableInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import ONE
from lamina.models.mlp import MLPBody
from lamina.models.registry import MODELS, ModelSpec, register
from lamina.nn.augmented import Augmented
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm

# Where nobody chose: an architecture that is quick and has no demands.
_USUAL: dict[type, str] = {TableInputs: "mlp", tuple: "mlp", ImageInputs: "airbench"}
_BY_VIEWS = "test_time_augmentation"


class Fusion(Module):
    """A vector from each block's network, all of one scale, side by side before a multilayer perceptron.

    v_b = norm_b(mean over members of network_b(x_b)); y = head(body(v_1 ‖ v_2 ‖ …)). The normalization keeps
    a block whose outputs are large from drowning the others. Where a row lacks an optional block, a learned
    vector takes the place of v_b; in training it also does so at random, with probability ``absent``, so that
    it is learned though no row lacks the block, and the head does not lean on one block alone.

    Args:
        networks: block name → a network with ``width`` outputs.
        optional: the blocks that a row may lack.
        width: of each vector.
        body: hidden layers of the head.
        head: the last weighted sum.
        absent: probability in [0, 1).

    Shapes:
        ``{block: what its network takes}``, perhaps with ``{"present": {block: (batch,)}}``
        → (batch, outputs)

    Raises:
        ShapeError: a block is not there.

    References:
        The random absence is that of Neverova, Wolf, Taylor, Nebout. ModDrop. PAMI 2016, for whole blocks.
    """

    blocks: dict[str, Module]
    norms: dict[str, LayerNorm]
    missing: dict[str, Float[Array, " d"]]
    body: MLPBody
    head: Linear
    names: tuple[str, ...] = static()
    absent: float = static()

    def __init__(
        self,
        networks: Mapping[str, Module],
        *,
        optional: tuple[str, ...],
        width: int,
        body: MLPBody,
        head: Linear,
        absent: float,
    ):
        if not 0.0 <= absent < 1.0:
            raise ConfigError("absent is out of range", expected="0 <= absent < 1", received=absent)
        self.blocks, self.names = dict(networks), tuple(networks)
        self.norms = {name: LayerNorm(width) for name in networks}
        self.missing = {name: np.zeros(width, np.float32) for name in optional}
        self.body, self.head, self.absent = body, head, float(absent)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        if not isinstance(x, dict) or not set(self.names) <= set(x):
            received = ", ".join(map(str, x)) if isinstance(x, dict) else type(x).__name__
            raise ShapeError("a block is not there", where=self.path, expected=self.names, received=received)
        count = len(self.names)
        keys = [None] * (2 * count + 1) if key is None else hashed_keys(key, 2 * count + 1)
        present = x.get(PRESENT, {})
        found = []
        for place, name in enumerate(self.names):
            vector = self.blocks[name](x[name], key=keys[2 * place], train=train)
            if vector.ndim > 2:  # (batch, members, width)
                vector = vector.reshape(vector.shape[0], -1, vector.shape[-1]).mean(1)
            vector = self.norms[name](vector)
            if name in self.missing:
                kept = self._kept(len(vector), present.get(name), keys[2 * place + 1], train=train)
                vector = vector if kept is None else self._filled(vector, kept, name)
            found.append(self.tap(name, vector))
        y = self.body(jnp.concatenate(found, axis=-1), key=keys[-1], train=train)
        return self.head(self.tap(FEATURES, y))

    def _kept(self, rows: int, present: Any, key: Any, *, train: bool) -> Any:
        """Return which rows keep a block, None for all."""
        if not train or self.absent == 0.0:
            return present
        if key is None:
            raise ConfigError("absent= needs a key while training", where=self.path, fix="pass key=...")
        kept = hashed_bits(key, (rows,)) >= jnp.uint32(round(self.absent * 2**32))
        return kept if present is None else kept & jnp.asarray(present)

    def _filled(self, vector: Array, kept: Any, name: str) -> Array:
        missing = jnp.asarray(self.missing[name]).astype(vector.dtype)
        return jnp.where(jnp.asarray(kept)[:, None], vector, missing[None])


@register(
    "fusion", size=128, dial="width of each block's vector and of the head", takes=(MixedInputs,),
    reference="Neverova, Wolf, Taylor, Nebout. ModDrop. PAMI 2016 (the random absence of blocks)",
)  # fmt: skip
def fusion(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    networks: dict[str, Any] | None = None,
    depth: int = 1,
    dropout: float = 0.0,
    absent: float = 0.05,
    key: Any,
) -> Module:
    """Several blocks of inputs at once: a network for each, and a head over what they say."""
    if not isinstance(inputs, MixedInputs):
        raise ConfigError("fusion is for several blocks of inputs", received=type(inputs).__name__)
    described = networks_of(inputs, networks)
    *keys, body_key, head_key = split(key, len(described) + 2)
    built = {
        name: _built(own, inputs.blocks[name], size, k)
        for (name, own), k in zip(described.items(), keys, strict=True)
    }
    body = MLPBody(len(built) * size, width=size, depth=depth, dropout=dropout, key=body_key)
    head = Linear(size if depth else len(built) * size, outputs, key=head_key)
    return Fusion(built, optional=inputs.optional, width=size, body=body, head=head, absent=absent)


def networks_of(inputs: MixedInputs, given: Any) -> dict[str, dict[str, Any]]:
    """Return model and options of each block: as given, and the usual model where nothing is.

    Args:
        inputs: what a model is told about each block.
        given: block name → ``{"model": name, option: value …}``, or None.

    Raises:
        ConfigError: a block is unknown, or its model is not for such inputs.
    """
    given = {} if given is None else given
    for name in given:
        if name not in inputs.blocks:
            expected = "one of " + ", ".join(inputs.blocks)
            raise ConfigError(f"no block is called '{name}'{suggest(name, inputs.blocks)}", expected=expected)
    found = {}
    for name, own in inputs.blocks.items():
        described = {"model": usual_model(own), **given.get(name, {})}
        if type(own) not in spec_of(described["model"], name).takes:
            known = [other for other in MODELS if type(own) in MODELS[other].takes]
            raise ConfigError(
                f"model '{described['model']}' is not for the block '{name}'",
                expected="one of " + ", ".join(sorted(known)),
            )
        found[name] = described
    return found


def spec_of(model: Any, block: str) -> ModelSpec:
    """Return an architecture that gives a vector an example.

    Args:
        model: its name.
        block: the block it is for, for the error.

    Raises:
        ConfigError: there is none of that name, or it gives an output for every position.
    """
    spec = MODELS[model]
    if ONE not in spec.gives:
        raise ConfigError(f"model '{model}' gives no vector an example", where=f"block '{block}'")
    return spec


def usual_model(inputs: Inputs) -> str:
    """Return an architecture for some inputs: a usual one, or the first that takes them.

    Args:
        inputs: of one block.

    Raises:
        ConfigError: no architecture takes them.
    """
    kind = type(inputs)
    if kind in _USUAL:
        return _USUAL[kind]
    fitting = (name for name in MODELS if kind in MODELS[name].takes and ONE in MODELS[name].gives)
    found = next(fitting, None)
    if found is None:
        raise ConfigError("no model takes such inputs", received=kind.__name__)
    return found


def _built(described: Mapping[str, Any], inputs: Inputs, width: int, key: Any) -> Module:
    """Return a block's network, its outputs averaged over views of an example where that is asked for."""
    options = dict(described)
    spec, views = MODELS[options.pop("model")], options.pop(_BY_VIEWS, None)
    network = spec.build(inputs, width, key=key, **options)
    return network if views in (None, "none") else Augmented(network, kind=views)
