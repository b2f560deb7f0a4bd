"""The same U-Net in PyTorch; options: those of `lamina_unet`, variant (eager, compiled), threads, matmul.

Modules have the names of Lamina's, so that its initial weights are a state of this network. Images are
channels last.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.contenders import torch_steps

HIDDEN, GAMMA = 0.1, 5.0  # share of hidden labels, and the bound of the signal-to-noise ratio's weight


def last(x: Tensor) -> Tensor:
    """Return the same memory with channels as the last axis."""
    return x.permute(0, 2, 3, 1)


def first(x: Tensor) -> Tensor:
    """Undo `last`."""
    return x.permute(0, 3, 1, 2)


def folded(x: Tensor) -> Tensor:
    """Return blocks of 2 × 2 places as channels; channels last."""
    b, y, z, c = x.shape
    return x.reshape(b, y // 2, 2, z // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(b, y // 2, z // 2, 4 * c)


def unfolded(x: Tensor) -> Tensor:
    """Undo `folded`."""
    b, y, z, c = x.shape
    return x.reshape(b, y, z, 2, 2, c // 4).permute(0, 1, 3, 2, 4, 5).reshape(b, 2 * y, 2 * z, c // 4)


class Level(nn.Module):
    """Waves of a level, mixed twice."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        half = width // 2
        waves = 100.0 * torch.exp(-math.log(1_000.0) * torch.arange(half) / (half - 1))
        self.register_buffer("waves", waves.float(), persistent=False)

    def forward(self, level: Tensor) -> Tensor:
        angles = level[:, None] * self.waves[None]
        return self.second(F.silu(self.first(torch.cat([angles.cos(), angles.sin()], dim=1))))


class Condition(nn.Module):
    """A vector of level and class."""

    def __init__(self, labels: int, width: int):
        super().__init__()
        self.level, self.label = Level(width), nn.Embedding(labels + 1, width)

    def forward(self, level: Tensor, label: Tensor) -> Tensor:
        return self.level(level) + self.label(label + 1)


class Block(nn.Module):
    """Two convolutions, the second normalization scaled by the condition."""

    def __init__(self, width: int, told: int):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.modulation = nn.Linear(told, 2 * width)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        gain, shift = self.modulation(F.silu(told))[:, :, None, None].chunk(2, dim=1)
        hidden = self.norm2(self.conv1(F.silu(self.norm1(x)))) * (1 + gain) + shift
        return x + self.conv2(F.silu(hidden))


class Projections(nn.Module):
    """The weighted sums of an attention."""

    def __init__(self, width: int):
        super().__init__()
        self.in_proj, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)


class Attention(nn.Module):
    """Self-attention among all places."""

    def __init__(self, width: int):
        super().__init__()
        self.norm, self.self_attention = nn.GroupNorm(8, width), Projections(width)
        self.heads = max(1, width // 32)

    def forward(self, x: Tensor) -> Tensor:
        b, c, height, width = x.shape
        tokens = last(self.norm(x)).reshape(b, height * width, c)
        split = self.self_attention.in_proj(tokens).view(b, -1, 3, self.heads, c // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, -1, c)
        return x + first(self.self_attention.out_proj(mixed).view(b, height, width, c))


class UNet(nn.Module):
    """As `lamina.models.denoising_unet.DenoisingUNet`."""

    def __init__(self, shape: Mapping[str, int]):
        super().__init__()
        width, depth, colors = shape["width"], shape["depth"], shape["colors"]
        widths, told = [width * min(2**level, 4) for level in range(depth + 1)], 4 * width
        pairs = list(itertools.pairwise(widths))

        def rows() -> nn.ModuleList:
            return nn.ModuleList(nn.ModuleList(Block(size, told) for _ in range(2)) for size in widths[:-1])

        self.condition, self.stem = Condition(shape["labels"], told), nn.Conv2d(colors, width, 3, padding=1)
        self.downs, self.ups = rows(), rows()
        self.shrinks = nn.ModuleList(nn.Linear(4 * fine, coarse) for fine, coarse in pairs)
        self.grows = nn.ModuleList(nn.Linear(coarse, 4 * fine) for fine, coarse in pairs)
        self.joins = nn.ModuleList(nn.Linear(2 * fine, fine) for fine, _ in pairs)
        self.bottom = nn.ModuleList(Block(widths[-1], told) for _ in range(2))
        self.attention, self.norm = Attention(widths[-1]), nn.GroupNorm(8, width)
        self.head = nn.Conv2d(width, colors, 3, padding=1)

    def forward(self, x: Tensor, level: Tensor, label: Tensor) -> Tensor:
        told, x, beside = self.condition(level, label), self.stem(x), []
        for row, shrink in zip(self.downs, self.shrinks, strict=True):
            for block in row:
                x = block(x, told)
            beside.append(x)
            x = first(shrink(folded(last(x))))
        x = self.bottom[1](self.attention(self.bottom[0](x, told)), told)
        levels = list(zip(self.ups, self.grows, self.joins, strict=True))
        for row, grow, join in reversed(levels):
            x = first(join(torch.cat([last(beside.pop()), unfolded(grow(last(x)))], dim=-1)))
            for block in row:
                x = block(x, told)
        return self.head(F.silu(self.norm(x)))

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take Lamina's initial weights."""
        self.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})


class Trainer:
    """The network, AdamW and the way a step is taken."""

    def __init__(self, network: UNet, recipe: Mapping[str, Any], variant: str, *, autocast: bool):
        self.network, self.recipe, self.autocast = (
            network.to(memory_format=torch.channels_last),
            recipe,
            autocast,
        )
        is_compiled = "comp" in variant
        self.loss = torch.compile(self._loss, fullgraph=True, dynamic=False) if is_compiled else self._loss
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe["lr"], weight_decay=0.0, betas=(0.9, 0.999), eps=1e-8, fused=True
        )

    def _loss(self, x: Tensor, level: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        angle = (0.5 * math.pi * level)[:, None, None, None]
        alpha, sigma = angle.cos(), angle.sin()
        found = self.network(alpha * x + sigma * noise, level, label).float()
        weight = torch.minimum(alpha**2, GAMMA * sigma**2)
        return (weight * (found - (alpha * noise - sigma * x)) ** 2).mean()

    def epoch(self, x: Tensor, y: Tensor) -> float:
        """Go once over images, bytes in channels-last memory; return the mean loss."""
        losses = []
        for chosen in torch.randperm(len(x)).split(self.recipe["batch_size"]):
            images = first(x.index_select(0, chosen).float() / 127.5 - 1)
            count = len(chosen)
            level = (torch.arange(count) + torch.rand(())) / count
            label = torch.where(torch.rand(count) < HIDDEN, -1, y.index_select(0, chosen))
            noise = torch.randn_like(images)
            cast = torch.autocast("cpu", torch.bfloat16) if self.autocast else contextlib.nullcontext()
            with cast:
                loss = self.loss(images, level, label, noise)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        return torch.stack(losses).mean().item()


def main() -> None:
    torch_steps.compete(
        UNet,
        lambda network, chosen: Trainer(
            network, chosen["recipe"], chosen["variant"], autocast="autocast" in chosen["variant"]
        ),
        lambda data: (torch.from_numpy(data["x"]), torch.from_numpy(data["y"]).long()),
    )


if __name__ == "__main__":
    main()
