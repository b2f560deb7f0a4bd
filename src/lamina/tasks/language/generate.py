"""Writing: a prompt goes in, tokens come out, chunk by chunk."""

from __future__ import annotations

import collections
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core import runtime
from lamina.core.errors import ConfigError
from lamina.core.random import make_key
from lamina.modalities.text.encoder import WITH_UNKNOWN, TextEncoder
from lamina.models.sequence import SequenceModel
from lamina.tasks.language.sampling import Sampling, position_key

if TYPE_CHECKING:
    from lamina.tasks.language.verbs import WritingKeys

CHUNK = 32  # tokens that are written by one call of the compiled program
PIECES = (64, 16, 4)  # tokens of a prompt that are read at once; what is left over is read one by one
BETWEEN = "\n\n"  # several texts
LINE_END = "\n"
UNBOUNDED = 1 << 20  # tokens, of a model whose state is as large however many it has read


def generate(network: Any, keys: WritingKeys, *, n: int = 1) -> Iterator[str]:
    """Yield pieces of text as they are written; several texts come one after another, whole.

    One text is what comes after its prompt; each of several begins with its own.

    Args:
        network: a trained language model.
        keys: of writing.
        n: texts from each prompt.

    Raises:
        ConfigError: the model keeps no state between tokens, or it knows no character of a prompt.
    """
    prompts = [keys.prompt] if isinstance(keys.prompt, str) else list(keys.prompt)
    writer = Writer(network.model, network.encoder.only, network.objective.context)
    texts = [prompt for prompt in prompts for _ in range(n)]
    if len(texts) == 1:
        yield from writer.stream(texts, keys)
        return
    for number, text in enumerate(writer.write(texts, keys)):
        yield (BETWEEN if number else "") + texts[number] + text


class Writer:
    """A network that writes.

    Args:
        model: trained on texts.
        encoder: of the texts.
        context: tokens that it reads at once.

    Raises:
        ConfigError: the model keeps no state between tokens.
    """

    def __init__(self, model: Any, encoder: TextEncoder, context: int):
        runtime.start()
        if not hasattr(model, "extend"):
            raise ConfigError(
                "the model keeps no state between tokens, so it cannot write",
                where=type(model).__name__,
                expected="init_cache and extend",
            )
        self.model, self.encoder, self.context = model, encoder, context
        self.tokens: Any = encoder.tokens  # in their order, as the task asks for

    def stream(self, prompts: Sequence[str], keys: WritingKeys) -> Iterator[str]:
        """Yield the text that one prompt is gone on with, as it is written.

        Args:
            prompts: one text.
            keys: of writing.
        """
        shown, found = 0, [""]
        for found in self._texts(prompts, keys):
            text = _whole(found[0], keys.stop)
            if len(text) > shown:
                yield text[shown:]
                shown = len(text)
        yield _cut(found[0], keys.stop)[0][shown:]

    def write(self, prompts: Sequence[str], keys: WritingKeys) -> list[str]:
        """Return what each prompt is gone on with.

        Args:
            prompts: texts.
            keys: of writing.
        """
        texts = collections.deque(self._texts(prompts, keys), maxlen=1)
        return [_cut(text, keys.stop)[0] for text in texts[-1]]

    def _texts(self, prompts: Sequence[str], keys: WritingKeys) -> Iterator[list[str]]:
        """Yield the texts so far, again and again until all have ended."""
        encoder, tokens = self.encoder, self.tokens
        end = tokens.symbols
        rows = [_prompt_ids(encoder, prompt) for prompt in prompts]
        first = [len(row) for row in rows]
        sampling, numbers = Sampling.of(keys, has_unknown=encoder.tokens.kind in WITH_UNKNOWN)
        run = GrowingTexts(self.model, self.context, sampling, numbers, make_key(keys.seed))
        for grown in run.extended(rows, keys.tokens):
            written = [_until(row[start:], end) for row, start in zip(grown, first, strict=True)]
            texts = [tokens.decode(own) for own, _ in written]
            yield texts
            ended = (has_end or _cut(t, keys.stop)[1] for t, (_, has_end) in zip(texts, written, strict=True))
            if all(ended):
                return


class GrowingTexts:
    """Texts that grow, and the state of the model behind them.

    Args:
        model: see `Writer`.
        context: tokens that it reads at once.
        sampling: how tokens are drawn; what is fixed while compiling.
        numbers: the rest of it.
        key: random key.
    """

    def __init__(self, model: Any, context: int, sampling: Sampling, numbers: Any, key: Any):
        self.model = model.unstacked() if isinstance(model, SequenceModel) else model
        self.sampling, self.numbers, self.key = sampling, numbers, key
        self.room = context if _is_bounded(model) else UNBOUNDED

    def extended(self, rows: list[list[int]], tokens: int) -> Iterator[list[list[int]]]:
        """Yield the tokens of all texts, a chunk longer each time.

        Where the context of a model is full, the latter half of it is read anew.

        Args:
            rows: the tokens of each text so far, one at least.
            tokens: to write.
        """
        goal, found = [len(row) + tokens for row in rows], rows
        for window in itertools.count():
            rows, kept = found, [self._kept(row) for row in found]
            for grown in self._grown(kept, window * self.room):
                new = [own[len(old) :] for own, old in zip(grown, kept, strict=True)]
                found = [(row + more)[:most] for row, more, most in zip(rows, new, goal, strict=True)]
                yield found
                if all(len(row) >= most for row, most in zip(found, goal, strict=True)):
                    return

    def _kept(self, row: list[int]) -> list[int]:
        """Return what of a text is read at the beginning of a window."""
        return row if len(row) <= self.room else row[-max(1, self.room // 2) :]

    def _grown(self, rows: list[list[int]], drawn: int) -> Iterator[list[list[int]]]:
        """Yield texts that grow until the context is full; so many tokens were drawn before, at most."""
        batch, longest, room = len(rows), max(map(len, rows)), self.room
        lengths = np.array([len(row) for row in rows], np.int32)
        given = np.zeros((batch, longest), np.int32)
        for row, own in zip(rows, given, strict=True):
            own[: len(row)] = row
        position, cache = self._read(given[:, : lengths.min() - 1])
        seen = np.zeros((batch, self.model.embedding.symbols), bool)
        seen[np.arange(batch)[:, None], given[:, :position]] = True
        state = (cache, jnp.asarray(given[:, position]), jnp.asarray(seen))
        written = given[:, : position + 1]
        while position < room:
            upcoming = np.full((batch, CHUNK), -1, np.int32)
            known = given[:, position + 1 : position + 1 + CHUNK]
            within = np.arange(position + 1, position + 1 + known.shape[1])[None, :] < lengths[:, None]
            upcoming[:, : known.shape[1]] = np.where(within, known, -1)
            steps = min(CHUNK, room - position)
            found, state = _chunk(
                self.sampling, self.model, state, upcoming, np.int32(drawn + position), np.int32(steps),
                self.numbers, self.key,
            )  # fmt: skip
            written = np.concatenate([written, np.asarray(found)[:, :steps]], axis=1)
            position += steps
            if position + 1 > longest - 1:
                yield [row.tolist() for row in written]

    def _read(self, given: np.ndarray) -> tuple[int, Any]:
        """Return how many of some tokens were read, several at once, and the state behind them."""
        cache, position = jax.device_put(self.model.init_cache(len(given), self.room)), 0
        for size in PIECES:
            while position + size <= given.shape[1]:
                cache = _behind(self.model, jnp.asarray(given[:, position : position + size]), cache)
                position += size
        return position, cache


@functools.partial(jax.jit, donate_argnums=2)
def _behind(model: Any, ids: Any, cache: Any) -> Any:
    """Return the state behind some tokens."""
    return model.extend(ids, cache)[1]


@functools.partial(jax.jit, static_argnums=0, donate_argnums=2)
def _chunk(
    sampling: Sampling,
    model: Any,
    state: Any,
    upcoming: Any,
    position: Any,
    steps: Any,
    numbers: Any,
    key: Any,
) -> tuple[Any, Any]:
    """Take some steps: each reads a token and gives the next, that of the prompt where there is one."""

    def body(index: Any, carry: Any) -> Any:
        (cache, token, seen), found = carry
        logits, cache = model.step(token, cache)
        if sampling.is_penalized:
            seen = seen | jax.nn.one_hot(token, seen.shape[1], dtype=bool)
        drawn = sampling.draw(logits, seen, numbers, position_key(key, position + index))
        given = upcoming[:, index]
        token = jnp.where(given >= 0, given, drawn)
        return (cache, token, seen), found.at[:, index].set(token)

    found = jnp.zeros_like(upcoming)
    state, found = jax.lax.fori_loop(0, steps, body, (state, found))
    return found, state


def _is_bounded(model: Any) -> bool:
    """Return whether the state of a model has room for so many tokens only."""
    if getattr(model, "positions", None) is not None:
        return True
    shapes = [
        [leaf.shape for leaf in jax.tree.leaves(jax.eval_shape(lambda m, n=n: m.init_cache(1, n), model))]
        for n in (8, 16)
    ]
    return shapes[0] != shapes[1]


def _prompt_ids(encoder: TextEncoder, prompt: str) -> list[int]:
    """Return the tokens of a prompt; without one a line begins, or where training saw no line end a text.

    What training never saw is passed over: nothing was learned of the symbol that stands for it.

    Raises:
        ConfigError: training saw nothing of it.
    """
    ids = encoder.tokens.encode([prompt or LINE_END]).ids.tolist()
    known = [number for number in ids if number or encoder.tokens.kind not in WITH_UNKNOWN]
    if prompt and ids and not known:
        message = "the prompt holds no character that stands in the training text"
        raise ConfigError(message, received=repr(prompt[:40]), fix="begin with words of the training text")
    return known or [encoder.tokens.symbols]


def _until(ids: list[int], end: int) -> tuple[list[int], bool]:
    """Return the tokens before the end symbol, and whether there is one."""
    return (ids[: ids.index(end)], True) if end in ids else (ids, False)


def _cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """Return a text up to the first of some texts, and whether there is one."""
    places = [place for place in (text.find(stop) for stop in stops if stop) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)


def _whole(text: str, stops: Sequence[str]) -> str:
    """Return what of a text will not change: without half a character, or what may become a stop."""
    text = _cut(text, stops)[0].rstrip("\ufffd")
    held = max((n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n])), default=0)
    return text[: len(text) - held]
