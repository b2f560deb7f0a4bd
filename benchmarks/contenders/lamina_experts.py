"""A mixture of experts by `lamina.nn`.

Options: rows, width, hidden, experts, top_k, precision, calls, mode, pass.
"""

from __future__ import annotations

import functools
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import worker
from lamina.core import runtime
from lamina.core.tree import named_arrays, with_arrays
from lamina.nn import FeedForward, MixtureOfExperts


def arrays_of(chosen: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return router, experts, inputs and goal of both sides; the router is even on such inputs."""
    random = np.random.default_rng(0)
    rows, width, hidden, experts = (chosen[name] for name in ("rows", "width", "hidden", "experts"))
    shapes = {
        "router.weight": (experts, width), "experts.first.weight": (experts, hidden, width),
        "experts.first.bias": (experts, hidden), "experts.second.weight": (experts, width, hidden),
        "experts.second.bias": (experts, width),
    }  # fmt: skip
    found = {name: random.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    found |= {name: random.normal(size=(rows, width)) for name in ("x", "goal")}
    return {name: array.astype(np.float32) for name, array in found.items()}


def layer_of(arrays: dict[str, Any], chosen: dict[str, Any]) -> MixtureOfExperts:
    """Return the layer with these weights."""
    layer = MixtureOfExperts(
        chosen["width"], experts=chosen["experts"], top_k=chosen["top_k"],
        expert=functools.partial(FeedForward, hidden=chosen["hidden"], activation="gelu"), key=0,
    )  # fmt: skip
    return with_arrays(layer, {name: arrays[name] for name in named_arrays(layer)})


@jax.jit
def forward(layer: MixtureOfExperts, x: Any, goal: Any) -> Any:
    """Return the outputs."""
    return (layer(x, train=True),)


@jax.jit
def gradients(layer: MixtureOfExperts, x: Any, goal: Any) -> Any:
    """Return the outputs with the gradients of their sum, weighted by the goal."""
    y, back = jax.vjp(lambda layer, x: layer(x, train=True), layer, x)
    slope, slope_x = back(goal)
    return y, slope_x, *jax.tree.leaves(slope)


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    runtime.keep_memory()
    kind = jnp.dtype(chosen["precision"])
    arrays = {name: jnp.asarray(array, kind) for name, array in arrays_of(chosen).items()}
    layer = layer_of(arrays, chosen)
    run = gradients if chosen["pass"] == "forward and backward" else forward
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    if chosen["mode"] == "quality":
        found = run(layer, arrays["x"], arrays["goal"])
        channel.send(quality=[float(jnp.abs(a.astype(jnp.float32)).mean()) for a in found[:2]])
        return
    while True:
        began = time.perf_counter()
        for _ in range(chosen["calls"]):
            jax.block_until_ready(run(layer, arrays["x"], arrays["goal"]))
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
