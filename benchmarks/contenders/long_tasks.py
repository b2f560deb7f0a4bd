"""Synthetic tasks over long sequences: what one model reaches and how long it takes.

Options: task, model, size, depth, rate, seed; stages, a list of (length, batch, steps); lengths to test at,
and examples of a test.

Batches are drawn inside the compiled step, fresh ones every time, so there is nothing to learn by heart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks import worker
from lamina.core import runtime
from lamina.core.inputs.text import TextInputs
from lamina.core.random import make_key
from lamina.core.wanted import NEXT
from lamina.models import MODELS

SYMBOLS, MARKER, BLANK = 16, 15, 0  # data symbols lie between
COPIED = 16  # symbols to copy
STEPS_A_CALL = 25

Batch = tuple[jax.Array, jax.Array]


def selective_copying(key: Any, batch: int, length: int) -> Batch:
    """Return 16 symbols among blanks, with 16 markers behind them, and the symbols in their order."""
    place_key, symbol_key = jax.random.split(key)
    places = jnp.sort(jax.lax.top_k(jax.random.uniform(place_key, (batch, length)), COPIED)[1], axis=1)
    symbols = jax.random.randint(symbol_key, (batch, COPIED), 1, MARKER)
    ids = jnp.full((batch, length), BLANK).at[jnp.arange(batch)[:, None], places].set(symbols)
    return jnp.concatenate([ids, jnp.full((batch, COPIED), MARKER)], axis=1), symbols


def induction_heads(key: Any, batch: int, length: int) -> Batch:
    """Return random symbols, a marker among them and one at the end, and the symbol behind the first."""
    symbol_key, place_key = jax.random.split(key)
    ids = jax.random.randint(symbol_key, (batch, length), 0, MARKER)
    place = jax.random.randint(place_key, (batch,), 0, length - 2)
    rows = jnp.arange(batch)
    ids = ids.at[rows, place].set(MARKER).at[:, -1].set(MARKER)
    return ids, ids[rows, place + 1][:, None]


TASKS: dict[str, Callable[[Any, int, int], Batch]] = {
    "selective copying": selective_copying,
    "induction heads": induction_heads,
}


def loss_and_accuracy(model: Any, batch: Batch) -> tuple[jax.Array, jax.Array]:
    """Return cross-entropy and share of right symbols at the last positions, as many as are asked for."""
    ids, wanted = batch
    x = {"ids": ids, "scale": jnp.ones(ids.shape, jnp.float32)}
    logits = model(x)[:, -wanted.shape[1] :]
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, wanted).mean()
    return loss, (logits.argmax(-1) == wanted).mean()


def schedule(rate: float, steps: int) -> optax.Schedule:
    """Return a rate that rises, stays until half of the steps are done, and falls to a twentieth."""
    rise, half = min(100, steps // 5), steps // 2
    parts = [
        optax.linear_schedule(0.0, rate, rise),
        optax.constant_schedule(rate),
        optax.linear_schedule(rate, rate / 20, steps - half),
    ]
    return optax.join_schedules(parts, [rise, half])


class Learner:
    """A model, its optimizer's state and the compiled programs that train and test it."""

    def __init__(self, model: Any, task: str, *, rate: float, steps: int, seed: int):
        self.optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule(rate, steps)))
        self.make, self.key = TASKS[task], jax.random.key(seed)
        self.model = jax.tree.map(jnp.asarray, model)
        self.state = self.optimizer.init(self.model)
        fixed = ("batch", "length", "steps")
        self.program = jax.jit(self._several, static_argnames=fixed, donate_argnums=(0, 1))
        self.tested = jax.jit(
            lambda model, key, batch, length: loss_and_accuracy(model, self.make(key, batch, length))[1],
            static_argnums=(2, 3),
        )

    def _several(self, model: Any, state: Any, key: Any, *, batch: int, length: int, steps: int) -> Any:
        def step(carry: Any, key: Any) -> Any:
            model, state = carry
            slope = jax.value_and_grad(loss_and_accuracy, has_aux=True)
            found, gradient = slope(model, self.make(key, batch, length))
            updates, state = self.optimizer.update(gradient, state, model)
            return (optax.apply_updates(model, updates), state), found

        return jax.lax.scan(step, (model, state), jax.random.split(key, steps))

    def _next_key(self) -> Any:
        self.key, key = jax.random.split(self.key)
        return key

    def learn(self, *, length: int, batch: int, steps: int) -> tuple[float, float]:
        """Train; return loss and accuracy of the last batches."""
        loss = accuracy = jnp.zeros(1)
        for done in range(0, steps, STEPS_A_CALL):
            (self.model, self.state), (loss, accuracy) = self.program(
                self.model, self.state, self._next_key(),
                batch=batch, length=length, steps=min(STEPS_A_CALL, steps - done),
            )  # fmt: skip
        return float(loss.mean()), float(accuracy.mean())

    def test(self, *, length: int, examples: int) -> float:
        """Return the accuracy on new examples, about 32,768 positions at a time."""
        batch = max(1, min(examples, 32_768 // length))
        found = [
            self.tested(self.model, self._next_key(), batch, length) for _ in range(-(-examples // batch))
        ]
        return float(jnp.stack(found).mean())


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    runtime.start()
    channel.send(versions=worker.versions("jax", "jaxlib", "optax"))
    channel.receive()
    stages, lengths = chosen["stages"], chosen["lengths"]
    texts = TextInputs(SYMBOLS, max([*lengths, *(stage[0] for stage in stages)]) + COPIED)
    model = MODELS[chosen["model"]].build(
        texts, SYMBOLS, size=chosen["size"], wants=NEXT, key=make_key(chosen["seed"]), depth=chosen["depth"]
    )
    steps = sum(stage[2] for stage in stages)
    learner = Learner(model, chosen["task"], rate=chosen["rate"], steps=steps, seed=chosen["seed"])
    began = time.perf_counter()
    for length, batch, count in stages:
        loss, accuracy = learner.learn(length=length, batch=batch, steps=count)
        seconds = time.perf_counter() - began
        said = f"length {length}: {count} steps, loss {loss:.4f}, accuracy {accuracy:.4f}, {seconds:.0f} s"
        channel.send(progress=said)
    seconds = time.perf_counter() - began
    found = {length: learner.test(length=length, examples=chosen["examples"]) for length in lengths}
    channel.send(seconds=seconds, accuracy=found)


if __name__ == "__main__":
    main()
