"""The same by PyTorch: a sorted sparse matrix times the features, or rows gathered and scattered.

Options: those of `lamina_graphs`, threads, form.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import torch

from benchmarks import worker
from benchmarks.contenders import torch_steps


def arrays_of(chosen: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """Return the arrays of `lamina_graphs`."""
    random = np.random.default_rng(0)
    nodes, edges = chosen["nodes"], chosen["edges"]
    senders, receivers = (random.integers(0, nodes, edges).astype(np.int32) for _ in range(2))
    if chosen["order"] == "by receiver":
        places = np.argsort(receivers, kind="stable")
        senders, receivers = senders[places], receivers[places]
    x, goal = (random.normal(size=(nodes, chosen["width"])).astype(np.float32) for _ in range(2))
    return x, senders, receivers, goal


def aggregation(chosen: dict[str, Any], senders: np.ndarray, receivers: np.ndarray) -> Any:
    """Return the function of the features, whatever need be done once done."""
    ends, nodes = np.stack([senders, receivers]).astype(np.int64), chosen["nodes"]
    if chosen["form"] == "csr":
        ones = torch.ones(len(senders))
        matrix = torch.sparse_coo_tensor(torch.from_numpy(ends[::-1].copy()), ones, (nodes, nodes))
        matrix = matrix.to_sparse_csr()
        return lambda x: matrix @ x
    from torch_geometric.nn import SimpleConv

    layer, edges = SimpleConv(aggr="sum"), torch.from_numpy(ends)
    return lambda x: layer(x, edges)


def main() -> None:
    warnings.simplefilter("ignore")  # sparse CSR is in beta, it says
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul="highest")
    x, senders, receivers, goal = arrays_of(chosen)
    is_trained = chosen["pass"] == "forward and backward"
    features, back = torch.from_numpy(x).requires_grad_(is_trained), torch.from_numpy(goal)
    sums = aggregation(chosen, senders, receivers)

    def run() -> torch.Tensor:
        if is_trained:
            return torch.autograd.grad(sums(features), features, back)[0]
        with torch.no_grad():
            return sums(features)

    channel.send(versions=worker.versions("torch"))
    channel.receive()
    if chosen["mode"] == "quality":
        channel.send(quality=run().abs().mean().item())
        return
    while True:
        began = time.perf_counter()
        for _ in range(chosen["calls"]):
            run()
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
