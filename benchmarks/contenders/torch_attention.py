"""The same by PyTorch's `scaled_dot_product_attention`.

Options: those of `lamina_attention`, threads, matmul.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks import worker
from benchmarks.contenders import torch_steps


def sides(shape: list[int]) -> list[np.ndarray]:
    """Return the arrays of `lamina_attention`, heads before positions, as PyTorch takes them."""
    random = np.random.default_rng(0)
    drawn = [random.normal(size=shape).astype(np.float32) for _ in range(4)]
    return [np.ascontiguousarray(array.swapaxes(1, 2)) for array in drawn]


def gradients(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, goal: torch.Tensor) -> list:
    """Return the output with the gradients of its sum, weighted by the goal."""
    mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    return [mixed.detach(), *torch.autograd.grad(mixed, (query, key, value), goal)]


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul=chosen["matmul"])
    kind = getattr(torch, chosen["precision"])
    arrays = [torch.from_numpy(array).to(kind) for array in sides(chosen["shape"])]
    for array in arrays[:3]:
        array.requires_grad_()
    channel.send(versions=worker.versions("torch"))
    channel.receive()
    if chosen["mode"] == "quality":
        channel.send(quality=[a.float().abs().mean().item() for a in gradients(*arrays)])
        return
    while True:
        began = time.perf_counter()
        for _ in range(chosen["calls"]):
            gradients(*arrays)
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
