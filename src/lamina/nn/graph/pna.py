"""Principal neighborhood aggregation: several ways to sum up the neighbors, scaled by how many there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import static
from lamina.core.random import split
from lamina.core.registry import Registry
from lamina.core.shapes import Float
from lamina.nn.graph.aggregators import AGGREGATORS
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.linear import Linear, aligned
from lamina.ops.edges import degrees, gather_nodes

# Of a node's degree d, the mean degree and the mean of log (d + 1) → factor.
Scaler = Callable[[Any, float, float], Any]
SCALERS: Registry[Scaler] = Registry("scaler")
SCALERS.add("identity", lambda d, mean, log: jnp.ones_like(d))
SCALERS.add("amplification", lambda d, mean, log: jnp.log(d + 1) / log)
SCALERS.add("attenuation", lambda d, mean, log: log / jnp.log(jnp.maximum(d, 1) + 1))
SCALERS.add("linear", lambda d, mean, log: d / mean)
SCALERS.add("inverse_linear", lambda d, mean, log: mean / jnp.maximum(d, 1))


class PNAConv(AbstractGraphLayer):
    """y_i = W · concat_t U_t · (x_i, every aggregate of the messages with every scale of the degree).

    A message is M_t · (x_i, x_j, V·e_ij), in each tower t. Aggregates are mean, minimum, maximum and standard
    deviation, scales 1, log(d_i + 1) / δ and its inverse, where δ is the mean of log(d + 1) over the nodes of
    the training graphs. No single aggregate tells all sets of numbers apart. O(nodes · in² + edges · in).

    Args:
        in_features: numbers of a node that enter.
        out_features: … that leave, a multiple of ``towers``.
        degree_histogram: how many nodes of the training graphs have 0, 1, 2 … edges that lead to them; see
            `lamina.data.graph_positions.degree_histogram`.
        aggregators: names in `lamina.nn.graph.aggregators.AGGREGATORS`.
        scalers: ``"identity"``, ``"amplification"``, ``"attenuation"``, ``"linear"``, ``"inverse_linear"``.
        edge_features: numbers of an edge, if they enter the messages.
        towers: how many smaller layers stand side by side; each sees all features.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → (batch, nodes, out_features); ``pre_nns`` and ``post_nns`` are
        one `Linear` a tower

    Raises:
        ConfigError: ``out_features`` is no multiple of ``towers``, or the histogram is of no edge.

    Example:
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> layer = PNAConv(3, 2, degree_histogram=(0, 2), key=0)
        >>> layer(jnp.ones((1, 2, 3)), Graph(jnp.ones((1, 2), bool), *edges)).shape
        (1, 2, 2)

    References:
        Corso et al. Principal neighbourhood aggregation for graph nets. NeurIPS 2020.
    """

    edge_encoder: Linear | None
    pre_nns: list[Linear]
    post_nns: list[Linear]
    lin: Linear
    aggregators: tuple[str, ...] = static()
    scalers: tuple[str, ...] = static()
    mean_degree: float = static()
    mean_log: float = static()

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        degree_histogram: Sequence[int],
        aggregators: Sequence[str] = ("mean", "min", "max", "std"),
        scalers: Sequence[str] = ("identity", "amplification", "attenuation"),
        edge_features: int | None = None,
        towers: int = 1,
        key: Any,
    ):
        if out_features % towers:
            raise ConfigError(
                "out_features is no multiple of towers",
                expected=f"a multiple of {towers}",
                received=out_features,
            )
        self.aggregators, self.scalers = tuple(aggregators), tuple(scalers)
        for names, registry in ((aggregators, AGGREGATORS), (scalers, SCALERS)):
            for name in names:
                registry[name]  # refuses names that are none
        self.mean_degree, self.mean_log = _means(degree_histogram)
        keys, sides = split(key, 2 * towers + 2), 2 if edge_features is None else 3
        self.edge_encoder = None
        if edge_features is not None:
            self.edge_encoder = Linear(edge_features, in_features, key=keys[-1])
        self.pre_nns = [Linear(sides * in_features, in_features, key=own) for own in keys[:towers]]
        found = (len(self.aggregators) * len(self.scalers) + 1) * in_features
        self.post_nns = [Linear(found, out_features // towers, key=own) for own in keys[towers : 2 * towers]]
        self.lin = Linear(out_features, out_features, key=keys[-2])

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        batch, nodes, width = x.shape
        towers, messages = len(self.pre_nns), self._messages(x, graph)
        found = [AGGREGATORS[name](messages, graph.receivers, nodes) for name in self.aggregators]
        together = jnp.concatenate([part.reshape(batch, nodes, towers, width) for part in found], axis=-1)
        degree = degrees(graph.receivers, nodes)
        scales = [SCALERS[name](degree, self.mean_degree, self.mean_log) for name in self.scalers]
        scaled = [together * scale[..., None, None].astype(x.dtype) for scale in scales]
        rows = [jnp.concatenate([x, *(part[:, :, t] for part in scaled)], axis=-1) for t in range(towers)]
        outs = [layer(row) for layer, row in zip(self.post_nns, rows, strict=True)]
        return self.lin(jnp.concatenate(outs, axis=-1))

    def _messages(self, x: Array, graph: Graph) -> Array:
        """Return the messages of all towers side by side.

        The weighted sum of both ends is the sum of one of each, which need be formed for nodes only.
        """
        width = x.shape[-1]
        weights = [layer.weight.astype(x.dtype) for layer in self.pre_nns]
        of = lambda i: jnp.concatenate([w[:, i * width : (i + 1) * width] for w in weights])  # noqa: E731
        biases = [layer.bias for layer in self.pre_nns if layer.bias is not None]
        found = gather_nodes(x @ of(0).T + aligned(jnp.concatenate(biases), x), graph.receivers)
        found += gather_nodes(x @ of(1).T, graph.senders)
        if self.edge_encoder is not None:
            found += self.edge_encoder(graph.edge_features(self.path)) @ of(2).T
        return found


def _means(histogram: Sequence[int]) -> tuple[float, float]:
    """Return the mean of the degree and of log (degree + 1)."""
    total, edges = sum(histogram), sum(d * count for d, count in enumerate(histogram))
    if edges <= 0:
        raise ConfigError("degree_histogram has no edge", expected="nodes of each degree", received=histogram)
    log = sum(math.log(d + 1) * count for d, count in enumerate(histogram)) / total
    return float(edges / total), float(log)
