"""Sums over the edges of a graph by `lamina.ops`.

Options: nodes, edges, width, order, pass, calls, mode.
"""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import worker
from lamina.core import runtime
from lamina.ops.edges import edge_sum


def arrays_of(chosen: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """Return features, senders, receivers and what comes back."""
    random = np.random.default_rng(0)
    nodes, edges = chosen["nodes"], chosen["edges"]
    senders, receivers = (random.integers(0, nodes, edges).astype(np.int32) for _ in range(2))
    if chosen["order"] == "by receiver":
        places = np.argsort(receivers, kind="stable")
        senders, receivers = senders[places], receivers[places]
    x, goal = (random.normal(size=(nodes, chosen["width"])).astype(np.float32) for _ in range(2))
    return x, senders, receivers, goal


@jax.jit
def forward(x: Any, senders: Any, receivers: Any, goal: Any) -> Any:
    """Return the sums."""
    return (edge_sum(x, senders, receivers),)


@jax.jit
def gradients(x: Any, senders: Any, receivers: Any, goal: Any) -> Any:
    """Return the sums, and the gradient of the features."""
    y, back = jax.vjp(lambda x: edge_sum(x, senders, receivers), x)
    return y, *back(goal)


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    runtime.keep_memory()
    arrays = [jnp.asarray(array)[None] for array in arrays_of(chosen)]
    run = gradients if chosen["pass"] == "forward and backward" else forward
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    if chosen["mode"] == "quality":
        channel.send(quality=float(jnp.abs(run(*arrays)[-1]).mean()))
        return
    while True:
        began = time.perf_counter()
        for _ in range(chosen["calls"]):
            jax.block_until_ready(run(*arrays))
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
