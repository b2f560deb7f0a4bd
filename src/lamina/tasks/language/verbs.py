"""What people do with a language model: let it write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lamina.core.keys import NOT_NEGATIVE, POSITIVE, key, up_to
from lamina.tasks.base import Verb
from lamina.tasks.language.vectors import EMBED

MOST_TEXTS = 1024
_SHARE: dict[str, Any] = {"check": lambda value: 0 < value <= 1, "expected": "> 0 and <= 1"}


@dataclass(frozen=True)
class WritingKeys:
    """The keys of writing."""

    prompt: str | tuple[str, ...] = key("", "the text to go on from; - is standard input")
    tokens: int = key(500, "tokens to write, at most", **POSITIVE)
    temperature: float = key(
        0.8, "below 1 the likely is chosen more often than it is, above 1 less; 0 always", **NOT_NEGATIVE
    )
    top_k: int | None = key(None, "choose among the k most likely tokens", **POSITIVE)
    top_p: float | None = key(None, "choose among the most likely tokens of this share", **_SHARE)
    min_p: float | None = key(None, "choose among tokens this share as likely as the likeliest", **_SHARE)
    repetition_penalty: float = key(
        1.0, "above 1, tokens that stand there already are less likely", **POSITIVE
    )
    stop: tuple[str, ...] = key((), "texts behind which to stop")
    seed: int = key(0, "decides every random number", **NOT_NEGATIVE)


@dataclass(frozen=True)
class GenerateKeys(WritingKeys):
    """The keys of writing: several texts may go on from one prompt."""

    n: int = key(1, "texts to write from each prompt", **up_to(MOST_TEXTS))


def _generate(network: Any, keys: GenerateKeys) -> Iterator[str]:
    from lamina.tasks.language.generate import generate

    return generate(network, keys, n=keys.n)


def _answer(network: Any, keys: ChatKeys) -> Iterator[str]:
    from lamina.tasks.language.generate import generate

    return generate(network, keys)


@dataclass(frozen=True)
class ChatKeys(WritingKeys):
    """The keys of a conversation: an answer is a line."""

    stop: tuple[str, ...] = key(("\n",), "texts behind which an answer ends")


VERBS = {
    "generate": Verb(
        "write what comes next after a prompt", GenerateKeys, _generate, "--prompt 'Once'", asked="prompt"
    ),
    "chat": Verb("answer line by line", ChatKeys, _answer, asked="prompt", asks=True),
    **EMBED,
}
