"""Filling gaps: a text with masks goes in, the likeliest tokens in their places come out."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from lamina.core import runtime
from lamina.core.errors import ConfigError
from lamina.core.wording import counted
from lamina.modalities.text.bags import FILL
from lamina.modalities.text.encoder import WITH_UNKNOWN
from lamina.modalities.text.pieces import Pieces, is_byte
from lamina.objectives.masked_token import MaskedTokenObjective

MASK = "[MASK]"
_BLANK, _WORD = " ", "\u2581"  # a blank, and how pieces of words write it


@dataclass(frozen=True)
class Filling:
    """What may stand in the gaps of a text.

    Args:
        text: with the gaps filled.
        tokens: what stands in each gap.
        probability: of these tokens together, among those that may stand there.
    """

    text: str
    tokens: tuple[str, ...]
    probability: float


def fill(network: Any, prompt: str, *, n: int = 5) -> list[Filling]:
    """Return the likeliest fillings of the gaps in a text, the likeliest first.

    A gap is one token: a piece of a word, or a character. Behind a blank it is a piece that begins a word,
    else one that goes on with a word. Several gaps are filled from left to right, with
    p(a, b) = p(a | the text) · p(b | the text with a); of each step the ``n`` likeliest are kept.

    Args:
        network: a trained masked language model.
        prompt: a text with ``[MASK]`` in it, once or several times.
        n: fillings.

    Raises:
        ConfigError: there is no mask in the text, or it is longer than the context.
    """
    runtime.start()
    objective, tokens = network.objective, network.encoder.only.tokens
    ids, gaps = _tokens_of(tokens, prompt.removesuffix("\n"), objective)
    beams = _likeliest(network.model, objective, tokens, ids, gaps, n)
    return [_filling(tokens, ids, gaps, chosen, log_p) for chosen, log_p in beams]


@dataclass(frozen=True)
class _Gap:
    """A mask: where it stands, and whether a blank stands before it."""

    place: int
    begins_word: bool


def _tokens_of(tokens: Any, prompt: str, objective: MaskedTokenObjective) -> tuple[np.ndarray, list[_Gap]]:
    """Return the tokens of a text, filled up to the context, and its gaps.

    Raises:
        ConfigError: there is no gap, or it is too long.
    """
    first, *others = prompt.split(MASK)
    if not others:
        fix = "write [MASK] where something is to be guessed, as in 'To be or [MASK] to be'"
        raise ConfigError(f"there is no {MASK} in the text", received=repr(prompt[:60]), fix=fix)
    found, gaps = [], []
    for text in (first, *others[:-1]):
        begins_word = isinstance(tokens, Pieces) and text.endswith(_BLANK)
        found += _ids(tokens, text.removesuffix(_BLANK) if begins_word else text)
        gaps.append(_Gap(len(found), begins_word))
        found.append(objective.mask)
    found += _ids(tokens, others[-1])
    if len(found) > objective.context:
        raise ConfigError(
            "the text is longer than the network reads at once",
            expected=f"{objective.context} tokens or fewer",
            received=counted(len(found), "token"),
            fix=f"leave out what is far from {MASK}",
        )
    return np.array([*found, *[FILL] * (objective.context - len(found))], np.int32), gaps


def _ids(tokens: Any, text: str) -> list[int]:
    return tokens.encode([text]).ids.tolist() if text else []


def _likeliest(
    model: Any, objective: MaskedTokenObjective, tokens: Any, ids: np.ndarray, gaps: Sequence[_Gap], n: int
) -> list[tuple[list[int], float]]:
    """Return what stands in the gaps, and its log-probability, the likeliest first."""
    beams: list[tuple[list[int], float]] = [([], 0.0)]
    places = [gap.place for gap in gaps]
    for gap in gaps:
        rows = np.repeat(ids[None], n, axis=0)  # as many each time, so that one program does all
        for row, (chosen, _) in zip(rows, beams, strict=False):
            row[places[: len(chosen)]] = chosen
        may_be = candidates(tokens, begins_word=gap.begins_word)
        may_be = np.append(may_be, [False, False])  # the end of a text, and the mask
        stated = np.asarray(_stated(objective, model, rows, np.int32(gap.place), may_be), np.float64)
        total = stated[: len(beams)] + np.array([log_p for _, log_p in beams])[:, None]
        best = np.argsort(-total, axis=None, kind="stable")[:n]
        best = best[np.isfinite(total.reshape(-1)[best])]
        pairs = zip(*np.unravel_index(best, total.shape), strict=True)
        beams = [([*beams[row][0], int(token)], float(total[row, token])) for row, token in pairs]
    return beams


@functools.partial(jax.jit, static_argnums=0)
def _stated(objective: MaskedTokenObjective, model: Any, ids: Any, place: Any, may_be: Any) -> Any:
    return objective.stated(model, ids, place, may_be)


def candidates(tokens: Any, *, begins_word: bool) -> np.ndarray:
    """Return which tokens may stand in a gap.

    Args:
        tokens: what texts are cut into.
        begins_word: whether a blank stands before the gap.
    """
    found = np.ones(tokens.symbols, bool)
    if isinstance(tokens, Pieces):
        found[:] = [
            piece.startswith(_WORD) == begins_word and bool(piece.strip(_WORD)) and not is_byte(piece)
            for piece in tokens.pieces
        ]
    if tokens.kind in WITH_UNKNOWN:
        found[0] = False
    return found


def _filling(
    tokens: Any, ids: np.ndarray, gaps: Sequence[_Gap], chosen: Sequence[int], log_p: float
) -> Filling:
    whole = ids[ids >= 0]
    whole[[gap.place for gap in gaps]] = chosen
    text = tokens.decode(whole.tolist())
    own = tuple(tokens.decode([token]) for token in chosen)
    return Filling(text, own, float(np.exp(log_p)))
