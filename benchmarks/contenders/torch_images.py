"""A network for images in PyTorch; options: those of `lamina_images`, variant, threads, matmul."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import datasets, worker
from benchmarks.contenders import torch_networks, torch_steps

EVALUATED = 250  # images at once


def make_optimizer(network: nn.Module, recipe: Mapping[str, Any], **way: bool) -> torch.optim.Optimizer:
    """Return PyTorch's optimizer of the recipe, ``fused=True`` or ``foreach=True``."""
    if recipe["optimizer"] == "momentum":
        return torch.optim.SGD(network.parameters(), lr=recipe["lr"], momentum=0.9, **way)
    groups = torch_networks.decay_groups(network, recipe.get("weight_decay", 0.0))
    return torch.optim.AdamW(groups, lr=recipe["lr"], **way)


class Trainer:
    """A network, its optimizer and the way a step is taken.

    Args:
        network: with its initial weights.
        recipe: optimizer, lr, batch_size, weight_decay.
        variant: ``"foreach"``, ``"fused"``, ``"fused, channels first"``, ``"compiled"``, ``"max-autotune"``.
        autocast: bfloat16 products and convolutions.
    """

    def __init__(self, network: nn.Module, recipe: Mapping[str, Any], variant: str, *, autocast: bool):
        self.last = "channels first" not in variant
        self.network = network.to(memory_format=torch.channels_last) if self.last else network
        self.recipe, self.autocast = recipe, autocast
        way = {"foreach": True} if variant == "foreach" else {"fused": True}
        self.optimizer = make_optimizer(self.network, recipe, **way)
        self.schedule: torch.optim.lr_scheduler.LambdaLR | None = None
        self.loss = self._loss
        if variant in ("compiled", "max-autotune"):
            mode = None if variant == "compiled" else variant
            self.loss = torch.compile(self._loss, fullgraph=True, dynamic=False, mode=mode)

    def fall(self, steps: int) -> None:
        """Let the learning rate fall to zero over so many steps."""
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 1 - step / steps)

    def _cast(self) -> Any:
        return torch.autocast("cpu", torch.bfloat16) if self.autocast else contextlib.nullcontext()

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(self.network(x).float(), y)

    def placed(self, x: Tensor) -> Tensor:
        """Return images (batch, y, x, colors) as this variant stores them, colors second."""
        return x.permute(0, 3, 1, 2) if self.last else x.permute(0, 3, 1, 2).contiguous()

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        """Take one step on a batch that is placed already; return its loss."""
        with self._cast():
            loss = self.loss(x, y)
        loss.backward()
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def epoch(self, x: Tensor, y: Tensor) -> None:
        """Go once over images that lie in memory, whole batches picked by index."""
        size = self.recipe["batch_size"]
        for rows in torch.randperm(len(x)).split(size):
            batch = x.index_select(0, rows)
            self.step(self.placed(batch) if self.last else batch, y.index_select(0, rows))

    def accuracy(self, x: Tensor, y: Tensor) -> float:
        """Return the share of images whose largest output is their label, in float32."""
        self.network.eval()
        with torch.no_grad():
            parts = [self.network(self.placed(part)).argmax(-1) for part in x.split(EVALUATED)]
        self.network.train()
        return (torch.cat(parts) == y).float().mean().item()


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul=chosen["matmul"])
    arrays = datasets.load(f"{chosen['folder']}/data.npz")
    data = {name: torch.from_numpy(array) for name, array in arrays.items()}

    def fresh(seed: int) -> Trainer:
        torch.manual_seed(seed)
        network = torch_networks.make(
            chosen["shape"], datasets.load(f"{chosen['folder']}/weights-{seed}.npz")
        )
        return Trainer(
            network, chosen["recipe"], chosen["variant"], autocast=chosen["precision"] == "bfloat16"
        )

    channel.send(versions=worker.versions("torch"))
    if chosen["mode"] == "race":
        trainer = fresh(0)
        x, y = data["x_turn"], data["y_turn"]
        x = x if trainer.last else trainer.placed(x)
        while True:
            channel.receive()
            began = time.perf_counter()
            trainer.epoch(x, y)
            channel.send(seconds=time.perf_counter() - began)
    channel.receive()
    found = []
    for seed in chosen["seeds"]:
        trainer = fresh(seed)
        x = data["x_train"] if trainer.last else trainer.placed(data["x_train"])
        trainer.fall(chosen["epochs"] * -(-len(x) // chosen["recipe"]["batch_size"]))
        for _ in range(chosen["epochs"]):
            trainer.epoch(x, data["y_train"])
        found.append(trainer.accuracy(data["x_test"], data["y_test"]))
    channel.send(quality=found, parameters=sum(p.numel() for p in trainer.network.parameters()))


if __name__ == "__main__":
    main()
