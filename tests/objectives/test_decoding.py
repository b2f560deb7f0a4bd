"""Greedy decoding and beam search, against search through all texts of a small language."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.module import Module
from lamina.objectives.decoding import Decoding

SYMBOLS, LENGTH, END = 4, 4, 3


class Chain(Module):
    """A model that knows each text's next symbol from its source, its last symbol and its place."""

    table: Any  # (sources, length, last symbol, next symbol)

    def __init__(self, table: np.ndarray):
        self.table = table

    def encode(self, source: dict[str, Any]) -> Any:
        return jnp.asarray(source["ids"][:, :1, None], jnp.float32)

    def init_cache(self, memory: Any, present: Any, length: int) -> Any:
        rows = memory[:, 0, 0].astype(jnp.int32)
        return {
            "position": jnp.zeros((), jnp.int32),
            "source": rows,
            "before": jnp.zeros((len(rows), 1), jnp.int32),
        }

    def extend(self, ids: Any, cache: Any) -> Any:
        last = ids[:, 0]
        logits = jnp.asarray(self.table)[cache["source"], cache["position"], last]
        found = {**cache, "position": cache["position"] + 1, "before": last[:, None]}
        return logits[:, None], found

    def reordered(self, cache: Any, parents: Any) -> Any:
        rows = jnp.arange(len(parents))[:, None] * parents.shape[1] + parents
        return {**cache, "before": cache["before"][rows.reshape(-1)]}


def chain(sources: int, seed: int) -> Chain:
    table = np.random.default_rng(seed).normal(size=(sources, LENGTH, SYMBOLS, SYMBOLS), scale=2)
    return Chain(table.astype(np.float32))


def source_of(count: int) -> dict[str, np.ndarray]:
    """As many sources, the first one the longest."""
    ids = np.full((count, count), -1, np.int32)
    for row in range(count):
        ids[row, : count - row] = row
    return {"ids": ids, "scale": (ids >= 0).astype(np.float32)}


def log_probability(table: np.ndarray, text: tuple[int, ...]) -> float:
    """Of a text that ends, unless it is as long as any may be."""
    symbols = [*text, END] if len(text) < LENGTH else list(text)
    last, found = END, 0.0
    for position, symbol in enumerate(symbols):
        row = table[position, last].astype(np.float64)
        found += row[symbol] - math.log(np.exp(row).sum())
        last = symbol
    return found


def written(decoding: Decoding, model: Any, source: Any) -> list[tuple[int, ...]]:
    found = jax.jit(decoding.write)(model, source)
    assert found.dtype == jnp.int32 and found.shape == (len(source["ids"]), decoding.length)
    return [tuple(symbol for symbol in row.tolist() if symbol >= 0) for row in np.asarray(found)]


def test_greedy_takes_the_likeliest_symbol_each_time():
    model, source = chain(5, seed=1), source_of(5)
    expected = []
    for table in model.table:
        text, last = [], END
        for position in range(LENGTH):
            last = int(table[position, last].argmax())
            if last == END:
                break
            text.append(last)
        expected.append(tuple(text))
    assert written(Decoding(END, LENGTH), model, source) == expected
    assert len({*map(len, expected)}) > 1


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_many_beams_find_the_best_of_all_texts(penalty: float):
    model, source = chain(6, seed=2), source_of(6)
    decoding = Decoding(END, LENGTH, beams=60, length_penalty=penalty)
    texts = [text for n in range(LENGTH + 1) for text in itertools.product(range(END), repeat=n)]
    expected = []
    for table in model.table:
        scores = [
            log_probability(table, text) / decoding.penalty(min(len(text) + 1, LENGTH)) for text in texts
        ]
        expected.append(texts[int(np.argmax(scores))])
    assert {len(text) for text in expected} >= {0, LENGTH} if penalty == 0 else {LENGTH}
    assert written(decoding, model, source) == expected


def test_beams_find_what_greedy_misses_and_a_penalty_prefers_longer_texts():
    model, source = chain(40, seed=3), source_of(40)
    plain = Decoding(END, LENGTH, length_penalty=0.0)
    wide = dataclasses.replace(plain, beams=4)
    longest = dataclasses.replace(wide, length_penalty=2.0)
    found = [written(one, model, source) for one in (plain, wide, longest)]
    greedy, beams, longer = (
        [log_probability(table, text) for table, text in zip(model.table, own, strict=True)] for own in found
    )
    assert np.mean(beams) > np.mean(greedy) + 0.05
    assert np.mean(longer) < np.mean(beams)
    assert sum(map(len, found[2])) > sum(map(len, found[1]))


def test_a_text_that_never_ends_is_cut_off():
    table = np.zeros((2, LENGTH, SYMBOLS, SYMBOLS), np.float32)
    table[..., 1], table[..., END] = 5.0, -200.0
    for beams in (1, 2):
        assert written(Decoding(END, LENGTH, beams=beams), Chain(table), source_of(2)) == [(1,) * LENGTH] * 2


@pytest.mark.parametrize("beams", [1, 3])
def test_nothing_is_written_of_an_empty_source(beams: int):
    model, source = chain(4, seed=1), source_of(4)
    decoding = Decoding(END, LENGTH, beams=beams)
    expected = written(decoding, model, source)
    source["ids"][2] = -1
    found = written(decoding, model, source)
    assert found == [*expected[:2], (), expected[3]] and expected[2]
