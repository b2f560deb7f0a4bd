"""The likeliest entities for the open place of a triple."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, DataError, suggest
from lamina.objectives.base import gather
from lamina.tasks.knowledge.graph import numbered, words_of

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

ENTITY_COLUMN = "entity"


@dataclass(frozen=True)
class Completion:
    """An entity for the open place of a triple.

    Args:
        head: of the triple.
        relation: of the triple.
        tail: of the triple.
        probability: among all entities.
        known: whether the triple stands in the data.
    """

    head: str
    relation: str
    tail: str
    probability: float
    known: bool


@dataclass(frozen=True)
class Probabilities:
    """Answers questions by the probability of every entity, (b, entities)."""

    decoded_type = np.float32

    def answer(self, model: Any, x: Any) -> Array:
        """Return the softmax of the scores."""
        return jax.nn.softmax(model(x).astype(jnp.float32), axis=-1)


@dataclass(frozen=True)
class EntityVectors:
    """Answers with the vectors of entities."""

    decoded_type = np.float32

    def answer(self, model: Any, x: Any) -> Array:
        """Return the vector of each entity."""
        return gather(jnp.asarray(model.encoded().entity.weight), x["entity"])


def completions(network: Any, keys: Any) -> list[Completion]:
    """Return the likeliest entities, known ones left out unless they are asked for.

    Args:
        network: of a graph.
        keys: ``head`` or ``tail``, ``relation``, ``n`` and ``known``.

    Raises:
        ConfigError: not exactly one of head and tail is given, or a name is unknown.
    """
    target = network.target
    if not keys.relation or bool(keys.head) == bool(keys.tail):
        raise ConfigError(
            "a question has a relation and one of head and tail",
            expected="--head X --relation R for tails, --tail Y --relation R for heads",
            received=", ".join(n for n in ("head", "relation", "tail") if getattr(keys, n)) or "none",
        )
    relation = _number(keys.relation, target.relation_numbers, "relation")
    entity = _number(keys.head or keys.tail, target.numbers, "entity")
    directed = relation if keys.head else relation + len(target.relations)
    x = {"entity": np.array([entity], np.int32), "relation": np.array([directed], np.int32)}
    probabilities = network.decoded(x, by=Probabilities())[0]
    known = set(target.answers.known(entity, directed).tolist())
    found = []
    for number in np.argsort(-probabilities, kind="stable").tolist():
        if len(found) == keys.n:
            break
        if number in known and not keys.known:
            continue
        name = target.entities[number]
        head, tail = (keys.head, name) if keys.head else (name, keys.tail)
        found.append(Completion(head, keys.relation, tail, float(probabilities[number]), number in known))
    return found


def vectors_of_entities(network: Any, table: AbstractTable) -> np.ndarray:
    """Return the vector of each row's entity: of a column ``entity``, else of the heads or the first column.

    Args:
        network: of a graph.
        table: from `lamina.network.network.Network.read`.

    Raises:
        DataError: training never saw an entity.
    """
    target = network.target
    name = next((n for n in (ENTITY_COLUMN, target.columns[0]) if n in table.names), table.names[0])
    words, codes = words_of(table, name)
    numbers = numbered(words, codes, target.numbers)
    if (numbers < 0).any():
        row = int((numbers < 0).argmax())
        word = words[codes[row]] if codes[row] >= 0 else ""
        message = f"no training triple has the entity '{word}'{suggest(word, target.numbers)}"
        raise DataError(message, where=table.where(row, name), fix="remove the row, or correct the name")
    return network.decoded({"entity": numbers}, by=EntityVectors())


def _number(name: str, numbers: dict[str, int], what: str) -> int:
    if name not in numbers:
        message = f"no training triple has the {what} '{name}'{suggest(name, numbers)}"
        raise ConfigError(message, expected=f"one of {len(numbers):,}, such as '{next(iter(numbers))}'")
    return numbers[name]
