"""The same GPT in PyTorch; options: those of `lamina_gpt`, variant (eager, compiled), threads, matmul."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.contenders import torch_steps

# Ours → theirs, of a block.
PARTS = {
    "ln_1": "ln_1",
    "ln_2": "ln_2",
    "self_attention.in_proj": "qkv",
    "self_attention.out_proj": "out",
    "feed_forward.first": "up",
    "feed_forward.second": "down",
}


class Block(nn.Module):
    """A block of GPT-2."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.ln_1, self.ln_2 = heads, nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        q, k, v = self.qkv(self.ln_1(x)).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, time, width))
        return x + self.down(F.gelu(self.up(self.ln_2(x))))


class GPT(nn.Module):
    """Symbols and learned positions, blocks, a head of the symbols' own vectors."""

    def __init__(self, shape: Mapping[str, int]):
        super().__init__()
        width = shape["width"]
        self.embedding = nn.Embedding(shape["symbols"], width)
        self.positions = nn.Parameter(torch.zeros(1, shape["time"], width))
        self.blocks = nn.ModuleList(Block(width, shape["heads"]) for _ in range(shape["depth"]))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids) + self.positions
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.embedding.weight)

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take Lamina's initial weights."""
        own = {
            "embedding.weight": arrays["embedding.weight"],
            "positions": arrays["positions.weight"],
            "norm.weight": arrays["norm.weight"],
            "norm.bias": arrays["norm.bias"],
        }
        for mine, theirs in PARTS.items():
            for kind in ("weight", "bias"):
                for i, array in enumerate(arrays[f"body.blocks.{mine}.{kind}"]):
                    own[f"blocks.{i}.{theirs}.{kind}"] = array
        self.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in own.items()})


class Trainer:
    """The network, AdamW and the way a step is taken."""

    def __init__(self, network: GPT, recipe: Mapping[str, Any], variant: str, *, autocast: bool):
        self.network, self.recipe, self.autocast = network, recipe, autocast
        self.loss = (
            torch.compile(self._loss, fullgraph=True, dynamic=False) if "comp" in variant else self._loss
        )
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe["lr"], weight_decay=0.0, betas=(0.9, 0.999), eps=1e-8, fused=True
        )

    def _loss(self, ids: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(self.network(ids).float().flatten(0, 1), labels.flatten())

    def epoch(self, tokens: Tensor) -> float:
        """Go once over the texts; return the mean loss."""
        losses = []
        for chosen in torch.randperm(len(tokens)).split(self.recipe["batch_size"]):
            batch = tokens.index_select(0, chosen)
            cast = torch.autocast("cpu", torch.bfloat16) if self.autocast else contextlib.nullcontext()
            with cast:
                loss = self.loss(batch[:, :-1], batch[:, 1:])
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        return torch.stack(losses).mean().item()


def main() -> None:
    torch_steps.compete(
        GPT,
        lambda network, chosen: Trainer(
            network, chosen["recipe"], chosen["variant"], autocast=chosen["precision"] == "bfloat16"
        ),
        lambda data: (torch.from_numpy(data["x"]).long(),),
    )


if __name__ == "__main__":
    main()
