"""DropEdge: training on graphs with edges left out."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_bits
from lamina.core.module import Module, static
from lamina.nn.graph.graph import Graph


class DropEdge(Module):
    """Leave out each edge with probability ``rate`` while training: a graph with fewer edges comes out.

    Against overfitting and against nodes that grow alike in deep networks. Edges are left out independently:
    of an edge without direction, which stands twice, one way may stay. Nothing is scaled; layers that divide
    by degrees see the smaller ones. The identity when ``train`` is False. O(edges).

    Args:
        rate: probability in [0, 1) that an edge is left out.

    Shapes:
        graph → a graph of the same shapes, senders and receivers of the edges left out being -1

    Raises:
        ConfigError: the rate is outside [0, 1), or training comes without a key.

    Example:
        >>> edges = jnp.zeros((1, 1000), jnp.int32)
        >>> graph = DropEdge(0.25)(Graph(jnp.ones((1, 1), bool), edges, edges), key=0, train=True)
        >>> bool(abs((graph.senders < 0).mean() - 0.25) < 0.05)
        True

    References:
        Rong et al. DropEdge: towards deep graph convolutional networks on node classification. ICLR 2020.
    """

    rate: float = static()

    def __init__(self, rate: float = 0.1):
        if not 0.0 <= rate < 1.0:
            raise ConfigError(
                "rate of dropped edges is out of range", expected="0 <= rate < 1", received=rate
            )
        self.rate = float(rate)

    def __call__(self, graph: Graph, *, key: Any = None, train: bool = False) -> Graph:
        if not train or self.rate == 0.0:
            return graph
        if key is None:
            raise ConfigError("DropEdge needs a key while training", where=self.path, fix="pass key=...")
        is_kept = hashed_bits(key, graph.senders.shape) >= jnp.uint32(round(self.rate * 2**32))
        ends = {side: jnp.where(is_kept, getattr(graph, side), -1) for side in ("senders", "receivers")}
        return graph._replace(**ends)
