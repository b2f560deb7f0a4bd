"""Seconds of a gradient step of networks over one sequence, by its length, in one process.

Options: cases, a list of (model, length); size, depth, turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import worker
from lamina.core import runtime
from lamina.core.inputs.text import TextInputs
from lamina.core.random import make_key
from lamina.core.wanted import NEXT
from lamina.models import MODELS

SYMBOLS = 256


def step(name: str, length: int, *, size: int, depth: int) -> Callable[[], Any]:
    """Return a compiled call that computes loss and gradient on one sequence."""
    texts = TextInputs(SYMBOLS, length)
    model = MODELS[name].build(texts, SYMBOLS, size=size, wants=NEXT, key=make_key(0), depth=depth)
    ids = np.random.default_rng(0).integers(0, SYMBOLS, (1, length + 1)).astype(np.int32)
    x = {"ids": jnp.asarray(ids[:, :-1]), "scale": jnp.ones((1, length), jnp.float32)}

    def loss(model: Any) -> jax.Array:
        return optax.softmax_cross_entropy_with_integer_labels(model(x), ids[:, 1:]).mean()

    model = jax.tree.map(jnp.asarray, model)
    compiled = jax.jit(jax.value_and_grad(loss)).lower(model).compile()
    return lambda: jax.block_until_ready(compiled(model))


def seconds(call: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    runtime.start()
    channel.send(versions=worker.versions("jax", "jaxlib", "optax"))
    channel.receive()
    size = {"size": chosen["size"], "depth": chosen["depth"]}
    calls = [step(name, length, **size) for name, length in chosen["cases"]]
    for call in calls:  # memory of each is touched once
        call()
    turns = [[seconds(call) for call in calls] for _ in range(chosen["turns"])]
    channel.send(seconds=[list(own) for own in zip(*turns, strict=True)])


if __name__ == "__main__":
    main()
