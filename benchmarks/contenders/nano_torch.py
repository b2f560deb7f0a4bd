"""A process that trains nanoGPT's small configuration in PyTorch and ends.

Arguments: JSON with folder (``input.txt``, ``test.txt``), variant (eager, compiled; autocast), threads,
matmul, steps, seed. Windows are drawn at random places of the text, as nanoGPT does; weights begin as those
of GPT-2.
It prints the test loss in nats a character over windows that do not overlap, and the weights.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import nano, worker
from benchmarks.contenders import torch_steps
from benchmarks.contenders.torch_gpt import GPT

LEAST_SHARE = 0.1  # of the rate, at the end
JUDGED_AT_ONCE = 256


def begin(network: GPT) -> None:
    """Draw the weights as GPT-2 does: N(0, 0.02), less for what is added to the residual stream."""
    depth = len(network.blocks)
    for name, weight in network.named_parameters():
        if "ln" in name or "norm" in name:
            continue
        if name.endswith("bias"):
            nn.init.zeros_(weight)
        else:
            is_last = name.endswith(("out.weight", "down.weight"))
            nn.init.normal_(weight, std=0.02 / (math.sqrt(2 * depth) if is_last else 1))


def rate_at(step: int, steps: int) -> float:
    """Return the learning rate: linear warmup, then a cosine to a tenth."""
    warmup, most = round(nano.WARMUP * steps), nano.KEYS["lr"]
    if step < warmup:
        return most * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return most * (LEAST_SHARE + (1 - LEAST_SHARE) * 0.5 * (1 + math.cos(math.pi * share)))


def train(network: GPT, ids: Tensor, chosen: Mapping[str, Any]) -> None:
    """Take the steps."""
    matrices = [p for p in network.parameters() if p.dim() >= 2]
    others = [p for p in network.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": nano.KEYS["weight_decay"]}]
    groups += [{"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1.0, betas=(0.9, nano.KEYS["beta2"]), fused=True)

    def loss_of(batch: Tensor) -> Tensor:
        logits = network(batch[:, :-1])
        return F.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())

    loss = torch.compile(loss_of, fullgraph=True, dynamic=False) if "comp" in chosen["variant"] else loss_of
    context = nano.KEYS["context"]
    window = torch.arange(context + 1)
    for step in range(chosen["steps"]):
        places = torch.randint(len(ids) - context, (nano.KEYS["batch_size"],))
        cast = (
            torch.autocast("cpu", torch.bfloat16)
            if "autocast" in chosen["variant"]
            else contextlib.nullcontext()
        )
        with cast:
            value = loss(ids[places[:, None] + window])
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), nano.KEYS["clip"])
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, chosen["steps"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


@torch.inference_mode()
def judged(network: GPT, ids: Tensor) -> float:
    """Return the mean loss over windows that do not overlap."""
    context = nano.KEYS["context"]
    windows = ids.unfold(0, context + 1, context)
    losses = [
        F.cross_entropy(network(part[:, :-1]).flatten(0, 1), part[:, 1:].flatten(), reduction="sum")
        for part in windows.split(JUDGED_AT_ONCE)
    ]
    return float(torch.stack(losses).sum() / (len(windows) * context))


def main() -> None:
    chosen = json.loads(sys.argv[1])
    torch_steps.settle(chosen["threads"], matmul=chosen["matmul"])
    texts = [(Path(chosen["folder"]) / name).read_text() for name in ("input.txt", "test.txt")]
    kinds = {symbol: i for i, symbol in enumerate(sorted(set("".join(texts))))}
    learned, test = (torch.from_numpy(np.array([kinds[one] for one in text])) for text in texts)
    torch.manual_seed(chosen["seed"])
    shape = {"symbols": len(kinds), "time": nano.KEYS["context"], "width": nano.KEYS["size"]}
    network = GPT({**shape, "depth": nano.KEYS["depth"], "heads": nano.KEYS["heads"]})
    begin(network)
    train(network, learned, chosen)
    found = {"loss": judged(network, test), "parameters": sum(p.numel() for p in network.parameters())}
    print(json.dumps({**found, "versions": worker.versions("torch")}))


if __name__ == "__main__":
    main()
