"""Relational graph convolutions over the training triples, and products of the vectors that they give."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs, TripleInputs
from lamina.core.module import Module, buffer, replace
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.core.wanted import LINKS
from lamina.models.registry import register
from lamina.models.triples import DistMult, triple_inputs
from lamina.nn.graph.drop_edge import DropEdge
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.rgcn import RGCNConv
from lamina.nn.initializers import glorot_uniform
from lamina.ops.edges import degrees, gather_nodes


class RelationalEncoder(Module):
    """h ← RGCNConv(h, graph), with ReLU between the convolutions: vectors of entities → those of the decoder.

    Messages to an entity are divided by their number, whatever their relations, as the paper does for links.
    A triple (h, r, t) is two edges: from h to t of kind r, and from t to h of kind r⁻¹ = r + relations. In
    training both are left out together, with probability ``edge_dropout``: where one of them stayed, the
    vector of the answer would hold that of the question, and decoding would learn to read it off.
    O(depth · (entities · width² · bases + triples · width · bases)).

    Args:
        inputs: entities, relations, and the triples of the graph.
        width: numbers of an entity's vector, before and behind each convolution.
        depth: convolutions, ≥ 1.
        bases: matrices that the relations of a convolution share.
        edge_dropout: probability in [0, 1) that a triple is left out of the graph in training.
        key: random key or seed.

    Shapes:
        (entities, width) → (entities, width); ``triples`` (triples, 3), int32

    Raises:
        ConfigError: there is no convolution.

    Example:
        >>> import numpy as np
        >>> inputs = TripleInputs(3, 1, np.array([[0, 0, 1], [1, 0, 2]], np.int32).tobytes())
        >>> RelationalEncoder(inputs, width=4, key=0)(jnp.ones((3, 4))).shape
        (3, 4)
    """

    layers: list[RGCNConv]
    drop: DropEdge
    triples: Int[Array, "t 3"] = buffer()

    def __init__(
        self,
        inputs: TripleInputs,
        *,
        width: int,
        depth: int = 1,
        bases: int = 2,
        edge_dropout: float = 0.0,
        key: Any,
    ):
        if depth < 1:
            raise ConfigError("an encoder has one convolution at least", expected=">= 1", received=depth)
        self.layers = [
            RGCNConv(width, width, relations=inputs.directed, bases=bases, key=own)
            for own in split(key, depth)
        ]
        self.drop, self.triples = DropEdge(edge_dropout), inputs.triples

    def graph(self, entities: int, *, key: Any = None, train: bool = False) -> Graph:
        """Return the triples as edges in both directions, some triples left out in training.

        Args:
            entities: how many there are.
            key: random key or seed.
            train: whether this is training.
        """
        head, relation, tail = jnp.asarray(self.triples).T[:, None]
        once = Graph(jnp.ones((1, entities), bool), head, tail, kinds=relation)
        kept = self.drop(once, key=key, train=train)
        senders, receivers = (
            jnp.concatenate(ends, axis=1)
            for ends in ((kept.senders, kept.receivers), (kept.receivers, kept.senders))
        )
        kinds = jnp.concatenate([relation, relation + self.layers[0].relations // 2], axis=1)
        share = 1 / jnp.maximum(degrees(receivers, entities), 1)[..., None]
        weights = gather_nodes(share, receivers)[..., 0]
        return Graph(once.mask, senders, receivers, kinds=kinds, weights=weights)

    def __call__(
        self, x: Float[Array, "n d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "n d"]:
        graph, h = self.graph(len(x), key=key, train=train), x[None]
        for place, layer in enumerate(self.layers):
            h = layer(jax.nn.relu(h) if place else h, graph)
        return h[0]


class RGCN(Module):
    """score(h, r, t) = Σ_i e(h)_i · r_i · e(t)_i, e the vectors that convolutions over the graph make.

    The graph are the training triples, so that an entity is known by its neighbors too. O(encoder + batch ·
    entities · width); nothing is kept an edge but its two ends and its kind.

    Args:
        inputs: entities, relations, and the triples of the graph.
        width: numbers of a vector.
        depth: convolutions.
        bases: matrices that the relations of a convolution share.
        edge_dropout: probability in [0, 1) that a triple is left out of the graph in training.
        dropout: share of an asked entity's encoded numbers that are switched off in training.
        key: random key or seed.

    Shapes:
        ``{"entity": (b,), "relation": (b,)}`` → (b, entities)

    References:
        Schlichtkrull, Kipf, Bloem, van den Berg, Titov, Welling. Modeling relational data with graph
        convolutional networks. ESWC 2018. Here self-loops are never left out, both directions of a relation
        have a vector of their own in the decoder, and the loss is that of the other models.
    """

    encoder: RelationalEncoder
    decoder: DistMult

    def __init__(
        self,
        inputs: TripleInputs,
        *,
        width: int,
        depth: int = 1,
        bases: int = 2,
        edge_dropout: float = 0.0,
        dropout: float = 0.0,
        key: Any,
    ):
        keys = split(key, 2)
        self.encoder = RelationalEncoder(
            inputs, width=width, depth=depth, bases=bases, edge_dropout=edge_dropout, key=keys[0]
        )
        self.decoder = DistMult(
            inputs,
            width=width,
            relation_width=width,
            dropout=dropout,
            initializer=glorot_uniform,
            key=keys[1],
        )

    def encoded(self, *, key: Any = None, train: bool = False) -> DistMult:
        """Return the decoder with the vectors that the convolutions make of its entities' own.

        Args:
            key: for the triples that are left out.
            train: whether some are.
        """
        own = None if key is None else hashed_keys(key, 2)[1]  # the first is that of the decoder's dropout
        weight = self.encoder(jnp.asarray(self.decoder.entity.weight), key=own, train=train)
        return replace(self.decoder, entity=replace(self.decoder.entity, weight=weight))

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b n"]:
        return self.encoded(key=key, train=train)(x, key=key, train=train)


@register(
    "rgcn", size=128, dial="numbers of a vector", takes=(TripleInputs,), gives=(LINKS,),
    reference="Schlichtkrull et al. Modeling relational data with graph convolutional networks. ESWC 2018",
    # A step goes over the whole graph, whatever its batch; N3 of 5e-4 and 1e-3 ranked no better on UMLS.
    defaults={"batch_size": 512, "n3": 0.0},
)  # fmt: skip
def rgcn(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 1,
    bases: int = 2,
    edge_dropout: float = 0.4,
    dropout: float = 0.0,
    key: Any,
) -> Module:
    """Knowledge graphs by convolutions over their triples, each relation with a matrix of its own."""
    return RGCN(
        triple_inputs(inputs),
        width=size,
        depth=depth,
        bases=bases,
        edge_dropout=edge_dropout,
        dropout=dropout,
        key=key,
    )
