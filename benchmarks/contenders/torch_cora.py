"""The same network by PyTorch Geometric; a turn is one training. Options: data, model, config, variant."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch_geometric.nn import GATConv, GCNConv

from benchmarks import worker
from benchmarks.contenders.torch_steps import settle


class GCN(nn.Module):
    """Two graph convolutions; the normalization of the edges is computed once.

    Args:
        inputs: features of a node.
        outputs: classes.
        width: of the hidden layer.
        dropout: share of values switched off.
    """

    def __init__(self, inputs: int, outputs: int, width: int, dropout: float):
        super().__init__()
        self.first = GCNConv(inputs, width, cached=True)
        self.second = GCNConv(width, outputs, cached=True)
        self.dropout = dropout

    def forward(self, x: Any, edges: Any) -> Any:
        x = F.dropout(x, self.dropout, self.training) if not x.is_sparse_csr else x
        x = F.dropout(F.relu(self.first(x, edges)), self.dropout, self.training)
        return self.second(x, edges)


class GAT(nn.Module):
    """Two layers of attention, several heads in the first.

    Args:
        inputs: features of a node.
        outputs: classes.
        width: of the hidden layer, all heads together.
        heads: of the first layer.
        dropout: share of values, and of attention, switched off.
    """

    def __init__(self, inputs: int, outputs: int, width: int, dropout: float, heads: int = 8):
        super().__init__()
        self.first = GATConv(inputs, width // heads, heads=heads, dropout=dropout)
        self.second = GATConv(width, outputs, heads=1, concat=False, dropout=dropout)
        self.dropout = dropout

    def forward(self, x: Any, edges: Any) -> Any:
        x = F.dropout(x, self.dropout, self.training)
        x = F.dropout(F.elu(self.first(x, edges)), self.dropout, self.training)
        return self.second(x, edges)


MODELS = {"gcn": GCN, "gat": GAT}


def features(stored: Any) -> np.ndarray:
    """Return the dense features, each row divided by its sum."""
    count, width = (int(n) for n in stored["feat_shape"])
    x = np.zeros((count, width), np.float32)
    rows = np.repeat(np.arange(count), np.diff(stored["feat_indptr"]))
    x[rows, stored["feat_indices"]] = stored["feat_data"]
    return x / np.maximum(x.sum(axis=1, keepdims=True), 1e-12)


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    settle(chosen["threads"], matmul="highest")
    stored = np.load(chosen["data"])
    x, edges = torch.from_numpy(features(stored)), torch.from_numpy(stored["edge_index"].astype(np.int64))
    y, rows = (
        torch.from_numpy(stored["y"].astype(np.int64)),
        torch.from_numpy(stored["train_idx"].astype(np.int64)),
    )
    if chosen["variant"] == "sparse":  # without dropout of the features, which sparse tensors lack
        x = x.to_sparse_csr()
    channel.send(versions=worker.versions("torch", "torch_geometric"))
    channel.receive()
    seed, config = 0, chosen["config"]
    while True:
        torch.manual_seed(seed)
        began = time.perf_counter()
        network = MODELS[chosen["model"]](
            x.shape[1], int(y.max()) + 1, chosen["options"]["size"], chosen["options"]["dropout"]
        )
        forward = torch.compile(network) if chosen["variant"] == "compiled" else network
        optimizer = torch.optim.Adam(
            network.parameters(), lr=config["lr"], weight_decay=config["l2"], fused=True
        )
        for _ in range(config["epochs"]):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(forward(x, edges)[rows], y[rows]).backward()
            optimizer.step()
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()
        seed += 1


if __name__ == "__main__":
    main()
