"""Embeddings of knowledge graphs: a vector for each entity and each relation, and a score for each triple.

Each model answers a question (h, r, ?) by a vector that is made of those of h and r, and compares it with the
vectors of all entities. Relations are learned twice, once in each direction (Lacroix et al. 2018): the
question (?, r, t) is the question (t, r⁻¹, ?).
"""

from __future__ import annotations

import abc
import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs, TripleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import LINKS
from lamina.models.registry import register
from lamina.nn.dropout import Dropout
from lamina.nn.embedding import Embedding
from lamina.nn.initializers import glorot_uniform, truncated_normal
from lamina.ops.dense import dense

_SMALL = functools.partial(truncated_normal, std=1e-3)  # Lacroix et al. 2018
_LEAST_SQUARE = 1e-12  # keeps the slope of a root finite
_COMPARED = 1 << 22  # differences that are held at once


class AbstractLinkModel(Module):
    """A vector for each entity and each directed relation.

    Args:
        inputs: how many entities and relations there are.
        width: numbers of an entity's vector.
        relation_width: numbers of a relation's vector.
        dropout: share of an asked entity's numbers that are switched off in training.
        initializer: how the vectors begin.
        key: random key or seed.

    Shapes:
        ``{"entity": (b,), "relation": (b,)}`` → (b, entities)
    """

    entity: Embedding
    relation: Embedding
    dropout: Dropout

    def __init__(
        self,
        inputs: TripleInputs,
        *,
        width: int,
        relation_width: int,
        dropout: float = 0.0,
        initializer: Any = _SMALL,
        key: Any,
    ):
        keys = split(key, 2)
        self.entity = Embedding(inputs.entities, width, initializer=initializer, key=keys[0])
        self.relation = Embedding(inputs.directed, relation_width, initializer=initializer, key=keys[1])
        self.dropout = Dropout(dropout)

    @abc.abstractmethod
    def combined(self, entity: Float[Array, "b d"], relation: Float[Array, "b e"]) -> Float[Array, "b d"]:
        """Return the vector of a question."""

    @abc.abstractmethod
    def scores(self, question: Float[Array, "b d"], vectors: Float[Array, "n d"]) -> Float[Array, "b n"]:
        """Return the score of each of the same entities for each question."""

    @abc.abstractmethod
    def near(self, question: Float[Array, "b d"], vectors: Float[Array, "b k d"]) -> Float[Array, "b k"]:
        """Return the scores of entities of each question's own."""

    @abc.abstractmethod
    def cubes(self, vectors: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Return Σ |v|³ of each vector: what N3 keeps small."""

    def encoded(self, *, key: Any = None, train: bool = False) -> AbstractLinkModel:
        """Return the model whose vectors are compared: itself, since its vectors stand for themselves.

        Args:
            key: random key or seed.
            train: whether this is training.
        """
        return self

    def question(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b d"]:
        """Return the vectors of questions.

        Args:
            x: ``{"entity": (b,), "relation": (b,)}``.
            key: for dropout.
            train: whether dropout is on.
        """
        keys = [None] if key is None else list(hashed_keys(key, 1))
        own = self.dropout(self.entity(x["entity"]), key=keys[0], train=train)
        return self.tap(FEATURES, self.combined(own, self.relation(x["relation"])))

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b n"]:
        return self.scores(self.question(x, key=key, train=train), jnp.asarray(self.entity.weight))


class DistMult(AbstractLinkModel):
    """score(h, r, t) = Σ_i h_i · r_i · t_i.

    With a vector of its own for each direction of a relation. O(batch · entities · width).

    References:
        Yang, Yih, He, Gao, Deng. Embedding entities and relations for learning and inference in knowledge
        bases. ICLR 2015.
    """

    def combined(self, entity: Float[Array, "b d"], relation: Float[Array, "b e"]) -> Float[Array, "b d"]:
        """Return h ∘ r."""
        return entity * relation

    def scores(self, question: Float[Array, "b d"], vectors: Float[Array, "n d"]) -> Float[Array, "b n"]:
        """Return the products with entities."""
        return dense(question, vectors)

    def near(self, question: Float[Array, "b d"], vectors: Float[Array, "b k d"]) -> Float[Array, "b k"]:
        """Return the products with entities of each question's own."""
        return (question[:, None] * vectors).sum(-1)

    def cubes(self, vectors: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Return Σ |v|³."""
        return (vectors * vectors * jnp.abs(vectors)).sum(-1)


class ComplEx(AbstractLinkModel):
    """score(h, r, t) = Re Σ_i h_i · r_i · conj(t_i), vectors of complex numbers.

    A vector holds the real parts, then the imaginary ones, so that the score of all entities is one product
    of real matrices. O(batch · entities · rank).

    References:
        Trouillon, Welbl, Riedel, Gaussier, Bouchard. Complex embeddings for simple link prediction. ICML
        2016. Lacroix, Usunier, Obozinski. Canonical tensor decomposition for knowledge base completion. ICML
        2018.
    """

    def combined(self, entity: Float[Array, "b d"], relation: Float[Array, "b e"]) -> Float[Array, "b d"]:
        """Return h ∘ r."""
        (a, b), (c, d) = _parts(entity), _parts(relation)
        return jnp.concatenate([a * c - b * d, a * d + b * c], axis=-1)

    def scores(self, question: Float[Array, "b d"], vectors: Float[Array, "n d"]) -> Float[Array, "b n"]:
        """Return the real parts of the products with conjugates of entities."""
        return dense(question, vectors)

    def near(self, question: Float[Array, "b d"], vectors: Float[Array, "b k d"]) -> Float[Array, "b k"]:
        """Return the same with entities of each question's own."""
        return (question[:, None] * vectors).sum(-1)

    def cubes(self, vectors: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Return Σ |v|³, |v| the moduli of complex numbers."""
        real, imaginary = _parts(vectors)
        square = real * real + imaginary * imaginary
        return (square * jnp.sqrt(square + _LEAST_SQUARE)).sum(-1)


class TransE(AbstractLinkModel):
    """score(h, r, t) = -‖h + r - t‖₂.

    Distances to all entities come from one product, ‖q - t‖² = ‖q‖² + ‖t‖² - 2·q·t. The paper takes the
    first or the second norm. O(batch · entities · width).

    References:
        Bordes, Usunier, García-Durán, Weston, Yakhnenko. Translating embeddings for modeling multi-relational
        data. NeurIPS 2013.
    """

    def combined(self, entity: Float[Array, "b d"], relation: Float[Array, "b e"]) -> Float[Array, "b d"]:
        """Return h + r."""
        return entity + relation

    def scores(self, question: Float[Array, "b d"], vectors: Float[Array, "n d"]) -> Float[Array, "b n"]:
        """Return the negative distances to entities."""
        squares = (question**2).sum(-1)[:, None] + (vectors**2).sum(-1)[None]
        return -jnp.sqrt(jnp.maximum(squares - 2 * dense(question, vectors), _LEAST_SQUARE))

    def near(self, question: Float[Array, "b d"], vectors: Float[Array, "b k d"]) -> Float[Array, "b k"]:
        """Return the negative distances to entities of each question's own."""
        return -jnp.sqrt(((question[:, None] - vectors) ** 2).sum(-1) + _LEAST_SQUARE)

    def cubes(self, vectors: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Return Σ |v|³."""
        return (vectors * vectors * jnp.abs(vectors)).sum(-1)


class RotatE(AbstractLinkModel):
    """score(h, r, t) = -Σ_i |h_i · e^{iθ_i} - t_i|, complex entities and a rotation for each relation.

    The angle is a relation's number times ``scale``, so that one learning rate suits entities and relations.
    No product gives these distances: O(batch · entities · rank) roots.

    References:
        Sun, Deng, Nie, Tang. RotatE: knowledge graph embedding by relational rotation in complex space.
        ICLR 2019.
    """

    scale: float = static()

    def __init__(self, inputs: TripleInputs, *, rank: int, reach: float, dropout: float = 0.0, key: Any):
        self.scale = math.pi / reach

        def uniform(key: Any, shape: tuple[int, ...]) -> Any:
            limit = math.sqrt(6.0 / sum(shape))
            return glorot_uniform(key, shape) * np.float32(reach / limit)

        super().__init__(
            inputs, width=2 * rank, relation_width=rank, dropout=dropout, initializer=uniform, key=key
        )

    def combined(self, entity: Float[Array, "b d"], relation: Float[Array, "b e"]) -> Float[Array, "b d"]:
        """Return h ∘ e^{iθ}."""
        angle = relation * self.scale
        (a, b), (c, d) = _parts(entity), (jnp.cos(angle), jnp.sin(angle))
        return jnp.concatenate([a * c - b * d, a * d + b * c], axis=-1)

    def scores(self, question: Float[Array, "b d"], vectors: Float[Array, "n d"]) -> Float[Array, "b n"]:
        """Return the negative distances to entities, some of them after others."""
        at_once = max(1, min(len(vectors), _COMPARED // max(1, question.size)))
        blocks = -(-len(vectors) // at_once)
        filled = jnp.pad(vectors, ((0, blocks * at_once - len(vectors)), (0, 0)))
        cut = filled.reshape(blocks, at_once, -1)
        found = jax.lax.map(lambda own: _moduli(question[:, None] - own[None]), cut)
        return jnp.moveaxis(found, 0, 1).reshape(len(question), -1)[:, : len(vectors)]

    def near(self, question: Float[Array, "b d"], vectors: Float[Array, "b k d"]) -> Float[Array, "b k"]:
        """Return the negative distances to entities of each question's own."""
        return _moduli(question[:, None] - vectors)

    def cubes(self, vectors: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Return Σ |v|³ of entities' complex numbers; of relations, whose numbers are angles, zero."""
        if vectors.shape[-1] != self.entity.width:
            return jnp.zeros(len(vectors), vectors.dtype)
        real, imaginary = _parts(vectors)
        square = real * real + imaginary * imaginary
        return (square * jnp.sqrt(square + _LEAST_SQUARE)).sum(-1)


def _parts(vectors: Array) -> tuple[Any, Any]:
    """Return the real and the imaginary parts of vectors."""
    half = vectors.shape[-1] // 2
    return vectors[..., :half], vectors[..., half:]


def _moduli(differences: Array) -> Any:
    """Return the negative sum of the moduli of complex numbers."""
    real, imaginary = _parts(differences)
    return -jnp.sqrt(real * real + imaginary * imaginary + _LEAST_SQUARE).sum(-1)


def triple_inputs(inputs: Inputs) -> TripleInputs:
    """Return inputs that are those of triples.

    Args:
        inputs: what a model is told.

    Raises:
        TypeError: they are others.
    """
    if not isinstance(inputs, TripleInputs):
        raise TypeError(f"a model of triples is told of entities and relations, not of {inputs}")
    return inputs


@register(
    "distmult", size=512, dial="numbers of a vector", takes=(TripleInputs,), gives=(LINKS,),
    reference="Yang et al. Embedding entities and relations for learning and inference in knowledge bases. "
    "ICLR 2015",
)  # fmt: skip
def distmult(inputs: Inputs, outputs: int, *, size: int, dropout: float = 0.0, key: Any) -> Module:
    """Knowledge graphs by products of three vectors: the simplest that is strong."""
    return DistMult(triple_inputs(inputs), width=size, relation_width=size, dropout=dropout, key=key)


@register(
    "complex", size=256, dial="complex numbers of a vector", takes=(TripleInputs,), gives=(LINKS,),
    reference="Trouillon et al. Complex embeddings for simple link prediction. ICML 2016",
)  # fmt: skip
def complex_(inputs: Inputs, outputs: int, *, size: int, dropout: float = 0.0, key: Any) -> Module:
    """Knowledge graphs by products of three complex vectors: relations need not hold both ways."""
    return ComplEx(triple_inputs(inputs), width=2 * size, relation_width=2 * size, dropout=dropout, key=key)


@register(
    "transe", size=256, dial="numbers of a vector", takes=(TripleInputs,), gives=(LINKS,),
    reference="Bordes et al. Translating embeddings for modeling multi-relational data. NeurIPS 2013",
)  # fmt: skip
def transe(inputs: Inputs, outputs: int, *, size: int, dropout: float = 0.0, key: Any) -> Module:
    """Knowledge graphs by translations: a relation leads from the place of one entity to that of another."""
    return TransE(
        triple_inputs(inputs),
        width=size,
        relation_width=size,
        dropout=dropout,
        initializer=glorot_uniform,
        key=key,
    )


@register(
    "rotate", size=128, dial="complex numbers of a vector", takes=(TripleInputs,), gives=(LINKS,),
    reference="Sun et al. RotatE: knowledge graph embedding by relational rotation in complex space. "
    "ICLR 2019",
)  # fmt: skip
def rotate(
    inputs: Inputs, outputs: int, *, size: int, reach: float = 11.0, dropout: float = 0.0, key: Any
) -> Module:
    """Knowledge graphs by rotations: a relation turns each complex number of an entity by an angle.

    Numbers begin within ± reach / size; the paper takes the margin and 2 more.
    """
    return RotatE(triple_inputs(inputs), rank=size, reach=reach / size, dropout=dropout, key=key)
