"""The networks of the rows of images in PyTorch: the layers, names and shapes of `lamina_networks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Stage(nn.Module):
    """Convolve with 3 x 3 kernels, normalize, activate; halve the image where asked."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm, self.halves = nn.BatchNorm2d(outputs), halves

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.conv(x)), inplace=True)
        return F.max_pool2d(x, 2) if self.halves else x


class ConvNet(nn.Module):
    """One stage a number of channels, pooling between them, a weighted sum of the mean or of all places."""

    def __init__(self, colors: int, channels: Sequence[int], outputs: int, *, places: int = 1):
        super().__init__()
        widths = zip((colors, *channels), channels, strict=False)
        self.stages = nn.Sequential(*[Stage(i, o, halves=o != channels[-1]) for i, o in widths])
        self.head, self.places = nn.Linear(places * channels[-1], outputs), places

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(x)
        # Channels last in memory: the numbers of all places lie in a row, nothing is copied.
        return self.head(x.mean((2, 3)) if self.places == 1 else x.permute(0, 2, 3, 1).flatten(1))


class Attention(nn.Module):
    """Self-attention with one product for queries, keys and values."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.in_proj, self.out_proj, self.heads = nn.Linear(width, 3 * width), nn.Linear(width, width), heads

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        parts = self.in_proj(x).view(batch, time, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    """Attention and a perceptron four times wider, each after a normalization and added to what came."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.self_attention = Attention(width, heads)
        self.first, self.second = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attention(self.ln_1(x))
        return x + self.second(F.gelu(self.first(self.ln_2(x))))


class Positions(nn.Module):
    """A learned vector for every token."""

    def __init__(self, tokens: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, tokens, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight


class ViT(nn.Module):
    """Patches and a token of its own as a sentence; the token gives the outputs."""

    def __init__(self, shape: Mapping[str, Any], outputs: int):
        super().__init__()
        width, patch = shape["width"], shape["patch"]
        self.conv_proj = nn.Conv2d(shape["colors"], width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = Positions(1 + (shape["side"] // patch) ** 2, width)
        self.blocks = nn.Sequential(*[Block(width, shape["heads"]) for _ in range(shape["depth"])])
        self.ln, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_proj(x).flatten(2).transpose(1, 2)
        x = self.positions(torch.cat([self.class_token.expand(len(x), -1, -1), x], dim=1))
        return self.head(self.ln(self.blocks(x))[:, 0])


def conv_net(shape: Mapping[str, Any]) -> ConvNet:
    """Return the convolution network that a row describes."""
    return ConvNet(shape["colors"], shape["channels"], 10, places=shape.get("places", 1))


def make(shape: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> nn.Module:
    """Return the network that a row describes, with Lamina's initial weights.

    Raises:
        RuntimeError: an array is missing, unknown or of another shape: the networks are not the same.
    """
    network = conv_net(shape) if shape["kind"] == "cnn" else ViT(shape, outputs=10)
    counters = {n: b for n, b in network.named_buffers() if n.endswith("num_batches_tracked")}
    network.load_state_dict({**{n: torch.from_numpy(a.copy()) for n, a in weights.items()}, **counters})
    return network


def decay_groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return two groups of parameters: biases, gains, tokens and positions are not decayed, as in Lamina."""

    def is_kept(name: str, parameter: Tensor) -> bool:
        return parameter.ndim < 2 or name in ("class_token", "positions.weight")

    named = list(network.named_parameters())
    kept = [p for name, p in named if is_kept(name, p)]
    return [
        {"params": [p for name, p in named if not is_kept(name, p)], "weight_decay": decay},
        {"params": kept, "weight_decay": 0.0},
    ]
