"""The same VAE in PyTorch; options: those of `lamina_vae`, variant (eager, compiled), threads, matmul."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.contenders import torch_steps

MOST_LOG_VARIANCE = 7.0  # as of Lamina's


def layers(inputs: int, hidden: int, depth: int, outputs: int) -> nn.Sequential:
    """Return hidden layers with relu and a last weighted sum."""
    sizes, found = [inputs, *[hidden] * depth], []
    for i, o in itertools.pairwise(sizes):
        found += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*found, nn.Linear(sizes[-1], outputs))


class VAE(nn.Module):
    """Encoder and decoder."""

    def __init__(self, shape: Mapping[str, int]):
        super().__init__()
        pixels, hidden, depth, self.latent = (
            shape["side"] ** 2,
            shape["hidden"],
            shape["depth"],
            shape["latent"],
        )
        self.encoder = layers(pixels, hidden, depth, 2 * self.latent)
        self.decoder = layers(self.latent, hidden, depth, pixels)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """Return the mean negative bound of images in [-1, 1]."""
        mean, raw = self.encoder(x).float().split(self.latent, dim=1)
        log_variance = MOST_LOG_VARIANCE * torch.tanh(raw / MOST_LOG_VARIANCE)
        logits = self.decoder(mean + torch.exp(0.5 * log_variance) * noise).float()
        nats = F.binary_cross_entropy_with_logits(logits, 0.5 * (x + 1.0), reduction="sum")
        kl = 0.5 * (mean**2 + log_variance.exp() - 1.0 - log_variance).sum()
        return (nats + kl) / len(x)

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take Lamina's initial weights."""
        for side in ("encoder", "decoder"):
            linear = [layer for layer in getattr(self, side) if isinstance(layer, nn.Linear)]
            names = [f"{side}.body.layers.{i}" for i in range(len(linear) - 1)] + [f"{side}.head"]
            for layer, name in zip(linear, names, strict=True):
                with torch.no_grad():
                    layer.weight.copy_(torch.from_numpy(np.array(arrays[f"{name}.weight"])))
                    layer.bias.copy_(torch.from_numpy(np.array(arrays[f"{name}.bias"])))


class Trainer:
    """The network, Adam and the way a step is taken."""

    def __init__(self, network: VAE, recipe: Mapping[str, Any], variant: str, *, autocast: bool):
        self.network, self.recipe, self.autocast = network, recipe, autocast
        self.loss: Any = network
        if variant == "compiled":
            self.loss = torch.compile(network, fullgraph=True, dynamic=False)
        self.optimizer = torch.optim.Adam(network.parameters(), lr=recipe["lr"], fused=True)

    def epoch(self, x: Tensor) -> float:
        """Go once over the images, each batch of the same size; return the mean loss."""
        losses, size = [], self.recipe["batch_size"]
        order = torch.randperm(len(x))
        for chosen in torch.cat([order, order[: -len(x) % size]]).split(size):
            batch, noise = x.index_select(0, chosen), torch.randn(size, self.network.latent)
            cast = torch.autocast("cpu", torch.bfloat16) if self.autocast else contextlib.nullcontext()
            with cast:
                loss = self.loss(batch, noise)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        return torch.stack(losses).mean().item()


def main() -> None:
    torch_steps.compete(
        VAE,
        lambda network, chosen: Trainer(
            network, chosen["recipe"], chosen["variant"], autocast=chosen["precision"] == "bfloat16"
        ),
        lambda data: (torch.from_numpy(data["x"]).flatten(1).float() / 127.5 - 1,),
    )


if __name__ == "__main__":
    main()
