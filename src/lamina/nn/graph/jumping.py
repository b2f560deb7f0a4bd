"""Jumping knowledge: the features of all layers, each of which saw another distance, taken together."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float


def jump_concat(layers: Sequence[Float[Array, "b n _"]]) -> Float[Array, "b n _"]:
    """Return the features of all layers side by side: whoever reads them weighs the distances for all nodes.

    Args:
        layers: features of the nodes behind each layer.

    Example:
        >>> jump_concat([jnp.ones((1, 2, 3)), jnp.ones((1, 2, 4))]).shape
        (1, 2, 7)

    References:
        Xu et al. Representation learning on graphs with jumping knowledge networks. ICML 2018.
    """
    return jnp.concatenate(list(layers), axis=-1)


def jump_max(layers: Sequence[Float[Array, "b n f"]]) -> Float[Array, "b n f"]:
    """Return the largest value over the layers, feature by feature: each node has the distance that it needs.

    Args:
        layers: features of the nodes behind each layer, all of the same width.

    Example:
        >>> jump_max([jnp.array([[[1.0, 4.0]]]), jnp.array([[[2.0, 3.0]]])]).tolist()
        [[[2.0, 4.0]]]

    References:
        Xu et al. Representation learning on graphs with jumping knowledge networks. ICML 2018.
    """
    return jnp.stack(list(layers)).max(0)
