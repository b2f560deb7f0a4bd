"""The same by PyTorch, in batched products of as many places, or expert by expert.

Options: those of `lamina_experts`, threads, form.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks import worker
from benchmarks.contenders import torch_steps

CAPACITY, ROUNDED = 1.25, 8  # as `MixtureOfExperts`


def arrays_of(chosen: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Return the arrays of `lamina_experts`."""
    random = np.random.default_rng(0)
    rows, width, hidden, experts = (chosen[name] for name in ("rows", "width", "hidden", "experts"))
    shapes = {
        "router.weight": (experts, width), "experts.first.weight": (experts, hidden, width),
        "experts.first.bias": (experts, hidden), "experts.second.weight": (experts, width, hidden),
        "experts.second.bias": (experts, width),
    }  # fmt: skip
    found = {name: random.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    found |= {name: random.normal(size=(rows, width)) for name in ("x", "goal")}
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in found.items()}


def routed(a: dict[str, torch.Tensor], top_k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weights and experts of each row."""
    chances = F.softmax((a["x"] @ a["router.weight"].T).float(), dim=-1)
    weights, chosen = chances.topk(top_k, dim=-1)
    return (weights / weights.sum(-1, keepdim=True)).to(a["x"].dtype), chosen


def batched(a: dict[str, torch.Tensor], chosen: dict[str, Any]) -> torch.Tensor:
    """Return the mixture by `torch.baddbmm` over places; what has none falls through."""
    x, (rows, width), experts, top_k = a["x"], a["x"].shape, chosen["experts"], chosen["top_k"]
    size = min(rows, -(-math.ceil(CAPACITY * rows * top_k / experts) // ROUNDED) * ROUNDED)
    weights, own = routed(a, top_k)
    flat = own.reshape(-1)
    order = flat.argsort(stable=True)
    counts = torch.bincount(flat, minlength=experts)
    rank = torch.arange(len(flat)) - (counts.cumsum(0) - counts)[flat[order]]
    order, rank = order[rank < size], rank[rank < size]
    place, row = flat[order] * size + rank, order // top_k
    placed = x.new_zeros(experts * size, width).index_copy(0, place, x[row]).view(experts, size, width)
    hidden = torch.baddbmm(a["experts.first.bias"][:, None], placed, a["experts.first.weight"].mT)
    y = torch.baddbmm(a["experts.second.bias"][:, None], F.gelu(hidden), a["experts.second.weight"].mT)
    found = y.reshape(-1, width)[place] * weights.reshape(-1)[order, None]
    return torch.zeros_like(x).index_add(0, row, found)


def looped(a: dict[str, torch.Tensor], chosen: dict[str, Any]) -> torch.Tensor:
    """Return the mixture expert by expert, as `transformers` does: nothing falls through."""
    weights, own = routed(a, chosen["top_k"])
    found = torch.zeros_like(a["x"])
    for expert in range(chosen["experts"]):
        row, choice = torch.where(own == expert)
        hidden = F.linear(a["x"][row], a["experts.first.weight"][expert], a["experts.first.bias"][expert])
        y = F.linear(F.gelu(hidden), a["experts.second.weight"][expert], a["experts.second.bias"][expert])
        found = found.index_add(0, row, y * weights[row, choice, None])
    return found


FORMS = {"batched": batched, "looped": looped}


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul=chosen["matmul"])
    arrays = {name: a.to(getattr(torch, chosen["precision"])) for name, a in arrays_of(chosen).items()}
    is_trained, form = chosen["pass"] == "forward and backward", FORMS[chosen["variant"]]
    leaves = [array.requires_grad_(is_trained) for name, array in arrays.items() if name != "goal"]

    def run() -> list[torch.Tensor]:
        if not is_trained:
            with torch.no_grad():
                return [form(arrays, chosen)]
        y = form(arrays, chosen)
        slopes = torch.autograd.grad(y, leaves, arrays["goal"])
        return [y.detach(), slopes[-1]]

    channel.send(versions=worker.versions("torch"))
    channel.receive()
    if chosen["mode"] == "quality":
        channel.send(quality=[a.float().abs().mean().item() for a in run()])
        return
    while True:
        began = time.perf_counter()
        for _ in range(chosen["calls"]):
            run()
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
