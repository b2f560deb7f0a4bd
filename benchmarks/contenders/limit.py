"""The matmul limit, n = 2048, float32 or bfloat16, in GF/s; options: engine, precision, threads."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks import worker

SIDE = 2048


def best_of(product: Callable[[], object], *, repeats: int = 20) -> float:
    """Return the largest GF/s of the repeats."""
    product()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - began)
    return 2 * SIDE**3 / min(seconds) / 1e9


def by_jax(precision: str) -> float:
    import jax
    import jax.numpy as jnp

    a, b = (jax.random.normal(jax.random.key(seed), (SIDE, SIDE), jnp.dtype(precision)) for seed in (0, 1))
    product = jax.jit(jnp.matmul)
    return best_of(lambda: product(a, b).block_until_ready())


def by_torch(precision: str, threads: int) -> float:
    import torch

    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("medium")
    a, b = (torch.randn(SIDE, SIDE).to(getattr(torch, precision)) for _ in range(2))
    out = torch.empty_like(a)
    return best_of(lambda: torch.mm(a, b, out=out))


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    worker.keep_memory()
    channel.send(versions="")
    channel.receive()
    if chosen["engine"] == "jax":
        channel.send(gflops=by_jax(chosen["precision"]))
    channel.send(gflops=by_torch(chosen["precision"], chosen["threads"]))


if __name__ == "__main__":
    main()
