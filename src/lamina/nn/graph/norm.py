"""Normalization of nodes, in which those that only fill up do not count."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.module import static
from lamina.core.shapes import Float
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.linear import aligned
from lamina.nn.normalization import AbstractBatchNorm


class NodeBatchNorm(AbstractBatchNorm, AbstractGraphLayer):
    """Center and scale each feature over all nodes of the batch; at prediction, by running averages.

    `lamina.nn.BatchNorm` over the nodes that are there: y = (x - mean) / √(var + ε) · weight + bias. The new
    running averages go out through the taps ``running_mean`` and ``running_var``. O(size).

    Args:
        width: numbers of a node.
        epsilon: ε > 0, keeps the division finite.
        momentum: share in (0, 1] of the newest batch in the running averages.

    Shapes:
        x (batch, nodes, width), graph → the same

    Example:
        >>> from lamina.core.taps import observe
        >>> norm, none = NodeBatchNorm(1, momentum=1.0), jnp.zeros((1, 0), jnp.int32)
        >>> graph = Graph(jnp.array([[True, True, False]]), none, none)
        >>> y, seen = observe(norm, "running_*")(jnp.array([[[1.0], [3.0], [9.0]]]), graph, train=True)
        >>> seen["running_mean"].tolist()
        [2.0]

    References:
        Ioffe, Szegedy. Batch normalization. ICML 2015. The running variance is the unbiased one, as in
        PyTorch.
    """

    def __call__(
        self, x: Float[Array, "b n d"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n d"]:
        mean, var = self._batch_statistics(x, graph) if train else (self.running_mean, self.running_var)
        return self._scaled(x, mean, var)

    def _batch_statistics(self, x: Array, graph: Graph) -> tuple[Array, Array]:
        is_there = graph.mask[..., None]
        count = jnp.maximum(graph.mask.sum(dtype=jnp.float32), 1)
        flat = jnp.where(is_there, x.astype(jnp.float32), 0)
        mean = flat.sum((0, 1)) / count
        centered = jnp.where(is_there, flat - aligned(mean, flat), 0)
        var = (centered * centered).sum((0, 1)) / count
        unbiased = var * (count / jnp.maximum(count - 1, 1))
        self._remember(mean, unbiased)
        return mean, var


class GraphNorm(AbstractGraphLayer):
    """y = (x - α · mean) / √(mean (x - α · mean)² + ε) · weight + bias over the nodes of each graph.

    α is learned for each feature: how much of the mean is taken away, because in regular graphs the mean is
    what tells them apart. O(size).

    Args:
        width: numbers of a node.
        epsilon: ε > 0, keeps the division finite.

    Shapes:
        x (batch, nodes, width), graph → the same; ``weight``, ``bias`` and ``mean_scale``, which is α,
        (width,)

    Example:
        >>> none = jnp.zeros((1, 0), jnp.int32)
        >>> graph = Graph(jnp.array([[True, True, False]]), none, none)
        >>> y = GraphNorm(1)(jnp.array([[[1.0], [3.0], [9.0]]]), graph)
        >>> [round(value, 3) for value in y[0, :2, 0].tolist()]
        [-1.0, 1.0]

    References:
        Cai et al. GraphNorm: a principled approach to accelerating graph neural network training. ICML 2021.
    """

    weight: Float[Array, " d"]
    bias: Float[Array, " d"]
    mean_scale: Float[Array, " d"]
    epsilon: float = static()

    def __init__(self, width: int, *, epsilon: float = 1e-5):
        self.weight, self.bias = np.ones(width, np.float32), np.zeros(width, np.float32)
        self.mean_scale, self.epsilon = np.ones(width, np.float32), epsilon

    def __call__(
        self, x: Float[Array, "b n d"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n d"]:
        is_there = graph.mask[..., None]
        count = jnp.maximum(is_there.sum(1, keepdims=True, dtype=jnp.float32), 1)
        wide = jnp.where(is_there, x.astype(jnp.float32), 0)
        centered = wide - wide.sum(1, keepdims=True) / count * aligned(self.mean_scale, wide)
        centered = jnp.where(is_there, centered, 0)
        var = (centered * centered).sum(1, keepdims=True) / count
        y = centered * jax.lax.rsqrt(var + self.epsilon) * aligned(self.weight, wide)
        return (y + aligned(self.bias, wide)).astype(x.dtype)
