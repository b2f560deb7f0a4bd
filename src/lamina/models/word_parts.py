"""Vectors of words that are told by their letters too."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits
from lamina.core.module import Module, static
from lamina.core.shapes import Float, Int
from lamina.nn.embedding_bag import EmbeddingBag


class WordParts(Module):
    """Add the sum of the vectors of a word's parts: y = m · x + Σ_p V[p] / √P.

    In training the vector x of a word is left out with a probability (m = 0), so that the network learns to
    tell a word by its parts and by the words around it: it will have to for words that it never saw.

    Args:
        parts: how many different ones there are.
        width: features of a word.
        rate: probability in [0, 1) that the word itself is left out in training.
        key: random key or seed.

    Shapes:
        (batch, time, width) and (batch, time, P) → (batch, time, width). O(batch · time · P · width)

    References:
        Bojanowski, Grave, Joulin, Mikolov. Enriching word vectors with subword information. TACL 2017.
        Iyyer, Manjunatha, Boyd-Graber, Daumé. Deep unordered composition rivals syntactic methods for text
        classification. ACL 2015: words left out.
    """

    bag: EmbeddingBag
    rate: float = static()

    def __init__(self, parts: int, width: int, *, rate: float, key: Any):
        self.bag, self.rate = EmbeddingBag(parts, width, key=key), rate

    def __call__(
        self,
        x: Float[Array, "b t d"],
        parts: Int[Array, "b t p"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        batch, time, most = parts.shape
        flat = parts.reshape(batch * time, most)
        scale = (flat >= 0).astype(jnp.float32) / most**0.5
        added = self.bag({"ids": flat, "scale": scale}).reshape(batch, time, -1).astype(x.dtype)
        if train and self.rate > 0 and key is not None:
            kept = hashed_bits(key, (batch, time)) >= jnp.uint32(self.rate * 2**32)
            x = x * kept[..., None].astype(x.dtype)
        return x + added
