"""The same by the U-Net of `torch_unet`; options: those of `lamina_sampling`, variant, threads."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import torch
from torch import Tensor

from benchmarks import datasets, worker
from benchmarks.contenders import torch_steps
from benchmarks.contenders.torch_unet import UNet, first, last


class Sampler:
    """DDIM of the cosine path, x_t = cos(πt/2)·x + sin(πt/2)·ε, of a network that predicts v = α·ε - σ·x.

    Args:
        network: of images.
        evaluations: steps at equal distances of t.
        is_compiled: whether `torch.compile` compiles a step.
    """

    def __init__(self, network: UNet, evaluations: int, *, is_compiled: bool):
        self.network, self.evaluations = network, evaluations
        self.step = torch.compile(self._step, fullgraph=True, dynamic=False) if is_compiled else self._step

    def _step(self, x: Tensor, label: Tensor, level: Tensor, then: Tensor) -> Tensor:
        alpha, sigma = torch.cos(0.5 * math.pi * level), torch.sin(0.5 * math.pi * level)
        v = self.network(x, level.expand(len(x)), label)
        data = (alpha * x - sigma * v).clamp(-1.0, 1.0)
        noise = (x - alpha * data) / sigma
        return torch.cos(0.5 * math.pi * then) * data + torch.sin(0.5 * math.pi * then) * noise

    def __call__(self, noise: Tensor, label: Tensor) -> Tensor:
        levels = torch.linspace(1.0, 0.0, self.evaluations + 1, dtype=torch.float64).float()
        x = noise
        for level, then in itertools.pairwise(levels):
            x = self.step(x, label, level, then)
        return x


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul=chosen["matmul"])
    channel.send(versions=worker.versions("torch"))
    channel.receive()
    folder, shape = chosen["folder"], chosen["shape"]
    began = time.perf_counter()
    network = UNet(shape)
    network.take(datasets.load(f"{folder}/weights.npz"))
    network = network.to(memory_format=torch.channels_last).eval()
    sampler = Sampler(network, chosen["evaluations"], is_compiled=chosen["variant"] == "compiled")
    noise = first(torch.from_numpy(datasets.load(f"{folder}/noise.npz")["noise"]))
    label = torch.arange(len(noise)) % shape["labels"]
    while True:
        with torch.inference_mode():
            images = sampler(noise, label)
        if chosen["mode"] == "images":
            np.savez(f"{folder}/torch.npz", images=last(images).contiguous().numpy())
            channel.send(written=True)
            return
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()
        began = time.perf_counter()


if __name__ == "__main__":
    main()
