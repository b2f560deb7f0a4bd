"""What people do with a masked language model: let it fill gaps, and compare sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.keys import key, up_to
from lamina.core.wording import on_one_line
from lamina.tasks.base import Verb
from lamina.tasks.language.vectors import EMBED

if TYPE_CHECKING:
    from lamina.tasks.masked_language.fill import Filling

MOST_FILLINGS = 1024


@dataclass(frozen=True)
class FillKeys:
    """The keys of filling gaps."""

    prompt: str = key("", "a text with one or several [MASK] in it; - is standard input")
    n: int = key(5, "how many fillings to show, the likeliest first", **up_to(MOST_FILLINGS))


def _fill(network: Any, keys: FillKeys) -> list[Filling]:
    from lamina.tasks.masked_language.fill import fill

    return fill(network, keys.prompt, n=keys.n)


def _shown(fillings: Sequence[Filling]) -> Iterator[str]:
    """Yield a line for each filling: its probability, the tokens, the text."""
    tokens = [" | ".join(_word(token) for token in filling.tokens) for filling in fillings]
    width = max(map(len, tokens), default=0)
    for number, (filling, own) in enumerate(zip(fillings, tokens, strict=True)):
        yield "\n" if number else ""
        yield f"{filling.probability:7.2%}  {own:<{width}}  {on_one_line(filling.text)}"


def _word(token: str) -> str:
    """Return a token without the blanks around it, or as it is quoted where there is nothing else."""
    return on_one_line(token.strip(" ")) or repr(token)


def _told(fillings: Sequence[Filling]) -> dict[str, Any]:
    return {"fillings": [asdict(filling) for filling in fillings]}


VERBS = {
    "fill": Verb(
        "guess what is hidden in a text",
        FillKeys,
        _fill,
        "--prompt 'To be or [MASK] to be'",
        asked="prompt",
        shown=_shown,
        told=_told,
    ),
    **EMBED,
}
