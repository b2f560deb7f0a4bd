"""Epochs of the same network of texts in PyTorch; options: data, symbols, classes, batch, variant, threads.

``dense``: gradients of the whole table and fused Adam. ``sparse``: gradients of the rows in use and
SparseAdam for the table. Padding is cut out before, which is not timed.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn

from benchmarks import datasets, worker
from benchmarks.contenders import torch_steps

WIDTH, DROPOUT, SYMBOL_DROPOUT, LR, BETAS = 128, 0.3, 0.2, 5e-3, (0.9, 0.99)


class Bag(nn.Module):
    """`lamina.models.bag_of_embeddings` with its defaults."""

    def __init__(self, symbols: int, classes: int, *, sparse: bool):
        super().__init__()
        self.embedding = nn.EmbeddingBag(symbols, WIDTH, mode="sum", sparse=sparse)
        nn.init.trunc_normal_(self.embedding.weight, std=0.02)
        self.bias, self.head = nn.Parameter(torch.zeros(WIDTH)), nn.Linear(WIDTH, classes)

    def forward(self, ids: torch.Tensor, scale: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        scale = nn.functional.dropout(scale, SYMBOL_DROPOUT, self.training)
        y = torch.relu(self.embedding(ids, starts, per_sample_weights=scale) + self.bias)
        return self.head(nn.functional.dropout(y, DROPOUT, self.training))


def batches(
    data: dict[str, torch.Tensor], lengths: torch.Tensor, size: int
) -> list[tuple[torch.Tensor, ...]]:
    """Return the batches of an epoch in random order, without padding."""
    found = []
    within = torch.arange(data["ids"].shape[1])[None, :]
    for rows in torch.randperm(len(lengths)).split(size):
        kept = within < lengths[rows, None]
        starts = torch.cat([torch.zeros(1, dtype=torch.int64), lengths[rows].cumsum(0)[:-1]])
        found.append((data["ids"][rows][kept], data["scale"][rows][kept], starts, data["y"][rows]))
    return found


def main() -> None:
    channel, options = worker.Channel(), worker.options()
    torch_steps.settle(options["threads"], matmul="medium")
    torch.set_flush_denormal(
        True
    )  # the moments of symbols out of use fade into denormal numbers, which are slow
    data = {
        name: torch.from_numpy(np.asarray(array)) for name, array in datasets.load(options["data"]).items()
    }
    data["y"], lengths = data["y"].long(), (data["ids"] >= 0).sum(1)
    channel.send(versions=worker.versions("torch"))
    model = None
    while True:
        channel.receive()
        began = time.perf_counter()
        if model is None:
            sparse = options["variant"] == "sparse"
            model = Bag(options["symbols"], options["classes"], sparse=sparse)
            rest = [p for name, p in model.named_parameters() if not name.startswith("embedding")]
            table = list(model.embedding.parameters())
            fused = torch.optim.Adam(rest if sparse else [*rest, *table], LR, betas=BETAS, fused=True)
            optimizers = [fused, torch.optim.SparseAdam(table, LR, betas=BETAS)] if sparse else [fused]
        epoch = batches(data, lengths, options["batch"])
        prepared = time.perf_counter() - began  # collecting a batch without padding is left out
        for ids, scale, starts, y in epoch:
            loss = nn.functional.cross_entropy(model(ids, scale, starts), y)
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
        channel.send(seconds=time.perf_counter() - began - prepared)


if __name__ == "__main__":
    main()
