"""Steps of a recurrent layer in Lamina; options: data, kind, steps, precision, mode (race, quality)."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks import datasets, worker
from benchmarks.contenders.torch_recurrent import LR, PARAMETERS
from lamina import nn
from lamina.core import runtime
from lamina.core.module import replace
from lamina.train.step.program import arithmetic


def main() -> None:
    channel, options = worker.Channel(), worker.options()
    runtime.start()
    data = datasets.load(options["data"])
    layer = getattr(nn, options["kind"])(data["x"].shape[-1], data["goal"].shape[-1], key=0)
    start = (replace(layer, **{name: data[name] for name in PARAMETERS}), data["x"])
    goal = jax.device_put(data["goal"])

    def loss_of(trained: Any, goal: Any) -> Any:
        layer, x = trained
        return ((layer(x) - goal) ** 2).mean()

    def steps(trained: Any, goal: Any) -> Any:
        def step(trained: Any, _: Any) -> Any:
            loss, gradient = jax.value_and_grad(loss_of)(trained, goal)
            return jax.tree.map(lambda a, b: a - LR * b, trained, gradient), loss

        return jax.lax.scan(step, trained, length=options["steps"])

    run = jax.jit(steps, donate_argnums=0)
    trained = jax.tree.map(jnp.array, start)
    channel.send(versions=worker.versions("jax", "jaxlib"))
    channel.receive()
    if options["mode"] == "quality":
        with arithmetic(options["precision"]):
            channel.send(loss=float(jax.jit(loss_of)(run(trained, goal)[0], goal)))
        return
    while True:
        began = time.perf_counter()
        with arithmetic(options["precision"]):
            trained, _ = jax.block_until_ready(run(trained, goal))
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
