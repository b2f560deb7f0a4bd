"""The same game in PyTorch; options: those of `lamina_gan`, variant, threads, matmul.

Second derivatives do not pass through `torch.compile`, so that only the hinge loss has a compiled variant.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.contenders import torch_steps

SLOPE, EPSILON = 0.2, 1e-6


class PixelNorm(nn.Module):
    """Divides the channels of a pixel by their root mean square."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.square().mean(1, keepdim=True) + EPSILON)
        return x * scale * self.weight.view(1, -1, 1, 1)


class Generator(nn.Module):
    """A coarse image of noise, transposed convolutions behind normalization and relu."""

    def __init__(self, widths: list[int], shape: Mapping[str, int], coarsest: int):
        super().__init__()
        self.widths, self.coarsest = widths, coarsest
        self.first = nn.Linear(shape["latent"], coarsest**2 * widths[0])
        self.norms = nn.ModuleList(PixelNorm(width) for width in widths)
        leaving = [*widths[1:], shape["channels"]]
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 4, 2, 1) for i, o in zip(widths, leaving, strict=True)
        )

    def forward(self, noise: Tensor) -> Tensor:
        y = self.first(noise).view(len(noise), self.coarsest, self.coarsest, -1).permute(0, 3, 1, 2)
        for norm, up in zip(self.norms, self.ups, strict=True):
            y = up(F.relu(norm(y)))
        return torch.tanh(y)


class Critic(nn.Module):
    """Strided convolutions with leaky relu, and a weighted sum."""

    def __init__(self, widths: list[int], shape: Mapping[str, int], coarsest: int):
        super().__init__()
        sizes = [shape["channels"], *widths]
        self.layers = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in itertools.pairwise(sizes))
        self.head = nn.Linear(coarsest**2 * widths[-1], 1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        return self.head(x.permute(0, 2, 3, 1).flatten(1))[:, 0]


class Game(nn.Module):
    """A generator and a critic of images whose sides are powers of two times four."""

    def __init__(self, shape: Mapping[str, int]):
        super().__init__()
        halvings = (shape["side"] // 4).bit_length() - 1
        widths = [shape["width"] * 2**level for level in range(halvings)]
        coarsest = shape["side"] // 2**halvings
        self.generator = Generator(widths[::-1], shape, coarsest)
        self.critic = Critic(widths, shape, coarsest)

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take Lamina's initial weights."""
        last = len(self.generator.ups) - 1
        own = {}
        for name in self.state_dict():
            theirs = name.replace("critic.head.", "critic.head.linear.")
            own[name] = arrays[theirs.replace(f"generator.ups.{last}.", "generator.head.")]
        self.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in own.items()})


class Trainer:
    """A game, an optimizer for each side, and the way a step is taken.

    Args:
        game: with its initial weights.
        recipe: lr, momentum, beta2, batch_size, penalty.
        loss: ``"relativistic"`` or ``"hinge"``.
        variant: ``"fused"``, ``"foreach"``, ``"compiled"``.
        latent: numbers of the noise.
    """

    def __init__(self, game: Game, recipe: Mapping[str, Any], loss: str, variant: str, latent: int):
        self.game = game.to(memory_format=torch.channels_last)
        self.recipe, self.loss, self.latent = recipe, loss, latent
        way = {"foreach": True} if variant == "foreach" else {"fused": True}
        betas = (recipe["momentum"], recipe["beta2"])
        self.optimizers = [
            torch.optim.Adam(side.parameters(), lr=recipe["lr"], betas=betas, **way)
            for side in (game.critic, game.generator)
        ]
        self.critic_loss, self.generator_loss = self._critic_loss, self._generator_loss
        if variant == "compiled":
            self.critic_loss = torch.compile(self._critic_loss, fullgraph=True, dynamic=False)
            self.generator_loss = torch.compile(self._generator_loss, fullgraph=True, dynamic=False)

    def _critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        both = torch.cat([real, fake])
        if self.loss == "hinge":
            on_real, on_fake = self.game.critic(both).chunk(2)
            return F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean()
        both.requires_grad_(True)
        values = self.game.critic(both)
        on_real, on_fake = values.chunk(2)
        (slope,) = torch.autograd.grad(values.sum(), both, create_graph=True)
        penalty = slope.square().sum((1, 2, 3)).sum() / len(real)
        return F.softplus(on_fake - on_real).mean() + self.recipe["penalty"] / 2 * penalty

    def _generator_loss(self, real: Tensor, noise: Tensor) -> Tensor:
        fake = self.game.generator(noise)
        if self.loss == "hinge":
            return -self.game.critic(fake).mean()
        on_real, on_fake = self.game.critic(torch.cat([real, fake])).chunk(2)
        return F.softplus(on_real - on_fake).mean()

    def step(self, real: Tensor, noise: Tensor) -> Tensor:
        """Move the critic, then the generator on what the moved critic says; return the critic's loss."""
        with torch.no_grad():
            fake = self.game.generator(noise)
        self.game.generator.requires_grad_(False)
        loss = self.critic_loss(real, fake)
        loss.backward()
        self._move(0)
        self.game.generator.requires_grad_(True)
        self.game.critic.requires_grad_(False)
        self.generator_loss(real, noise).backward()
        self._move(1)
        self.game.critic.requires_grad_(True)
        return loss.detach()

    def _move(self, side: int) -> None:
        self.optimizers[side].step()
        self.optimizers[side].zero_grad(set_to_none=True)

    def epoch(self, images: Tensor) -> float:
        """Go once over bytes of images (count, y, x, channels); return the critic's mean loss."""
        losses = []
        for chosen in torch.randperm(len(images)).split(self.recipe["batch_size"]):
            real = images.index_select(0, chosen).permute(0, 3, 1, 2).float() / 127.5 - 1
            losses.append(self.step(real, torch.randn(len(chosen), self.latent)))
        return torch.stack(losses).mean().item()


def main() -> None:
    torch_steps.compete(
        Game,
        lambda game, chosen: Trainer(
            game, chosen["recipe"], chosen["loss"], chosen["variant"], chosen["shape"]["latent"]
        ),
        lambda data: (torch.from_numpy(data["x"]),),
    )


if __name__ == "__main__":
    main()
