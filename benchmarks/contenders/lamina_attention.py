"""Causal attention with its gradients by `lamina.ops`; options: shape, precision, calls, mode."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import worker
from lamina.core import runtime
from lamina.ops.causal_attention import attend


def sides(shape: list[int]) -> list[np.ndarray]:
    """Return queries, keys, values (b, t, h, k) and what the output is multiplied with."""
    random = np.random.default_rng(0)
    return [random.normal(size=shape).astype(np.float32) for _ in range(4)]


@jax.jit
def gradients(query: Any, key: Any, value: Any, goal: Any) -> Any:
    """Return the output with the gradients of its sum, weighted by the goal."""
    mixed, back = jax.vjp(attend, query, key, value)
    return mixed, *back(goal)


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    runtime.keep_memory()
    arrays = [jnp.asarray(a, jnp.dtype(chosen["precision"])) for a in sides(chosen["shape"])]
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    if chosen["mode"] == "quality":
        found = gradients(*arrays)
        channel.send(quality=[float(jnp.abs(a.astype(jnp.float32)).mean()) for a in found])
        return
    while True:
        began = time.perf_counter()
        for _ in range(chosen["calls"]):
            jax.block_until_ready(gradients(*arrays))
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
