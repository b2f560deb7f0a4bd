"""What people do with a translator: let it translate what they type."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import NOT_NEGATIVE, POSITIVE, key, up_to
from lamina.tasks.base import Verb
from lamina.tasks.embed import embed_verb

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

MOST_BEAMS = 64


@dataclass(frozen=True)
class GenerateKeys:
    """The keys of translating; what is left out is as the network was trained to be used."""

    prompt: str | tuple[str, ...] = key("", "the text to translate, line by line; - is standard input")
    tokens: int | None = key(None, "tokens to write, at most", **POSITIVE)
    beams: int | None = key(
        None, "translations that are kept while one is written; 1 is greedy", **up_to(MOST_BEAMS)
    )
    length_penalty: float | None = key(None, "above 0, longer translations are preferred", **NOT_NEGATIVE)


def translate(network: Any, keys: GenerateKeys) -> Iterator[str]:
    """Yield the translation of each line, line ends between them; an empty line stays empty.

    Args:
        network: trained for translation.
        keys: texts, and how they are written.
    """
    prompts = [keys.prompt] if isinstance(keys.prompt, str) else list(keys.prompt)
    lines = [line.strip() for prompt in prompts for line in prompt.splitlines()]
    asked = {"length": keys.tokens, "beams": keys.beams, "length_penalty": keys.length_penalty}
    changed = {name: value for name, value in asked.items() if value is not None}
    decoding = dataclasses.replace(network.objective.decoding, **changed)
    objective = dataclasses.replace(network.objective, decoding=decoding)
    full = [line for line in lines if line]
    own = dataclasses.replace(network, objective=objective)
    written = iter(own.decoded(network.encoder.only.encoded(full))["output"].tolist() if full else ())
    for number, line in enumerate(lines):
        yield ("\n" if number else "") + (next(written) if line else "")


def vectors_of_sources(network: Any, table: AbstractTable) -> np.ndarray:
    """Return the mean over the symbols of each source of what the encoder makes of them.

    Args:
        network: trained for translation.
        table: from `lamina.network.network.Network.read`.
    """
    from lamina.objectives.vectors import Vectors

    return network.decoded(network.encoder.transform(table), by=Vectors(_with_target))


def _with_target(source: Any) -> Any:
    """Return sources with a target of one symbol, which the model asks for and the encoder does not see."""
    import jax.numpy as jnp

    ids = jnp.zeros_like(source["ids"][:, :1])
    return {"source": source, "target": {"ids": ids, "scale": jnp.ones_like(source["scale"][:, :1])}}


VERBS = {
    "generate": Verb(
        "translate a text, line by line", GenerateKeys, translate, "--prompt 'I am cold.'", asked="prompt"
    ),
    **embed_verb(vectors_of_sources),
}
