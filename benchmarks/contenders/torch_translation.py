"""`torch.nn.Transformer` trained for some seconds on pairs of texts, then writing greedily.

Options: folder (``data.npz``: source, target, judge), symbols of both sides, width, depth, heads, dropout,
smoothing, batch, lr, seconds, seed, threads, matmul. Adam with warmup and a cosine over the seconds;
batches of one length, as Lamina has them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import datasets, worker
from benchmarks.contenders import torch_steps

WARMUP, CLIP, WRITTEN_AT_ONCE = 0.05, 1.0, 250
MULTIPLE = 8  # lengths of batches


class Translator(nn.Module):
    """Vectors, sines and cosines, `nn.Transformer`, and the target's vectors as head."""

    def __init__(self, options: Mapping[str, Any]):
        super().__init__()
        self.width, symbols = options["width"], options["symbols"]
        self.source = nn.Embedding(symbols[0], self.width)
        self.target = nn.Embedding(symbols[1], self.width)
        for embedding in (self.source, self.target):
            nn.init.trunc_normal_(embedding.weight, std=self.width**-0.5)
        self.transformer = nn.Transformer(
            self.width, options["heads"], options["depth"], options["depth"], 4 * self.width,
            dropout=options["dropout"], activation="gelu", batch_first=True, norm_first=True,
        )  # fmt: skip
        self.dropout = nn.Dropout(options["dropout"])

    def entered(self, embedding: nn.Embedding, ids: Tensor) -> Tensor:
        half = self.width // 2
        omega = 10_000.0 ** -(torch.arange(half) / half)
        waves = torch.arange(ids.shape[1])[:, None] * omega[None]
        places = torch.cat([waves.sin(), waves.cos()], dim=1)
        return self.dropout(embedding(ids.clamp(min=0)) * math.sqrt(self.width) + places)

    def forward(self, source: Tensor, before: Tensor) -> Tensor:
        memory = self.encode(source)
        return self.decode(memory, source < 0, before)

    def encode(self, source: Tensor) -> Tensor:
        return self.transformer.encoder(self.entered(self.source, source), src_key_padding_mask=source < 0)

    def decode(self, memory: Tensor, absent: Tensor, before: Tensor) -> Tensor:
        mask = torch.triu(torch.ones(before.shape[1], before.shape[1], dtype=torch.bool), diagonal=1)
        y = self.transformer.decoder(
            self.entered(self.target, before), memory, tgt_mask=mask, tgt_is_causal=True,
            memory_key_padding_mask=absent,
        )  # fmt: skip
        return F.linear(y, self.target.weight)


def batches(data: Mapping[str, np.ndarray], size: int, random: np.random.Generator) -> Iterator[Any]:
    """Yield batches of pairs of about one length, in random order, without end."""
    lengths = np.maximum((data["source"] >= 0).sum(axis=1), (data["target"] >= 0).sum(axis=1))
    while True:
        order = np.argsort(lengths + random.random(len(lengths)), kind="stable")
        groups = [order[at : at + size] for at in range(0, len(order), size)]
        for place in random.permutation(len(groups)).tolist():
            rows = groups[place]
            width = -(-int(lengths[rows].max()) // MULTIPLE) * MULTIPLE
            yield tuple(torch.from_numpy(data[name][rows, :width]).long() for name in ("source", "target"))


def train(model: Translator, data: Mapping[str, np.ndarray], options: Mapping[str, Any]) -> int:
    """Train for some seconds; return the steps."""
    end = options["symbols"][1] - 1
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=options["lr"], betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    began, steps = time.perf_counter(), 0
    for source, target in batches(data, options["batch"], np.random.default_rng(options["seed"])):
        share = (time.perf_counter() - began) / options["seconds"]
        if share >= 1:
            return steps
        rate = min(share / WARMUP, 0.5 + 0.5 * math.cos(math.pi * share))
        optimizer.param_groups[0]["lr"] = options["lr"] * max(rate, 1e-3)
        before = F.pad(target[:, :-1], (1, 0), value=end)
        logits = model(source, before)
        loss = F.cross_entropy(
            logits.flatten(0, 1), target.flatten(), ignore_index=-1, label_smoothing=options["smoothing"]
        )
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        steps += 1
    return steps


@torch.inference_mode()
def write(model: Translator, source: Tensor, length: int, end: int) -> Tensor:
    """Return the symbols that are written greedily, -1 behind the end."""
    memory, absent = model.encode(source), source < 0
    found = torch.full((len(source), 1), end)
    ended = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(length):
        token = model.decode(memory, absent, found)[:, -1].argmax(dim=-1)
        ended |= token == end
        found = torch.cat([found, torch.where(ended, end, token)[:, None]], dim=1)
        if ended.all():
            break
    written = F.pad(found[:, 1:], (0, length + 1 - found.shape[1]), value=end)
    return torch.where((written == end).cumsum(dim=1) > 0, -1, written)


def main() -> None:
    channel, options = worker.Channel(), worker.options()
    torch_steps.settle(options["threads"], matmul=options["matmul"])
    data = datasets.load(f"{options['folder']}/data.npz")
    torch.manual_seed(options["seed"])
    model = Translator(options)
    channel.send(versions=worker.versions("torch"))
    channel.receive()
    began = time.perf_counter()
    steps = train(model.train(), data, options)
    seconds, length = time.perf_counter() - began, data["target"].shape[1]
    model.eval()
    judge = torch.from_numpy(data["judge"]).long()
    parts = [write(model, part, length, options["symbols"][1] - 1) for part in judge.split(WRITTEN_AT_ONCE)]
    parameters = sum(p.numel() for p in model.parameters())
    channel.send(ids=torch.cat(parts).tolist(), steps=steps, seconds=seconds, parameters=parameters)


if __name__ == "__main__":
    main()
