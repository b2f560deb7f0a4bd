"""One training step of an MLP in PyTorch, in every way that may be the fastest.

A maker is ``make(sizes, lr, seed) -> Trainer``; `MAKERS` lists them by the name of the variant.
Inputs are whole in memory, batches are picked by index, without a DataLoader.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import datasets, worker

BETAS, EPSILON = (0.9, 0.999), 1e-8


def settle(threads: int, *, matmul: str) -> None:
    """Set up the process: malloc as Lamina's, threads, precision of float32 products."""
    worker.keep_memory()
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(matmul)
    torch._inductor.config.compile_threads = 1  # the machine is small and shared with the next contender


def perceptron(sizes: Sequence[int], seed: int) -> nn.Sequential:
    """Return an MLP that begins as Lamina's does: He for hidden layers, U(±1/√in) for the rest."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    layers.pop()
    for layer in layers[:-1]:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    return nn.Sequential(*layers)


def forward(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return the logits of an MLP whose weights and biases alternate."""
    for index in range(0, len(parameters), 2):
        x = F.linear(x if index == 0 else F.relu(x), parameters[index], parameters[index + 1])
    return x


def mean_loss(parameters: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Return the mean cross-entropy."""
    return F.cross_entropy(forward(parameters, x).float(), y)


@functools.cache
def compiled_loss() -> Callable[..., Tensor]:
    """Return `mean_loss` compiled, one function for all networks, so that none compiles twice."""
    return torch.compile(mean_loss, fullgraph=True, dynamic=False)


class Trainer(abc.ABC):
    """A network that can be trained and asked."""

    @abc.abstractmethod
    def batches(self, x: Tensor, y: Tensor, order: Sequence[Tensor]) -> None:
        """Take one step for every index tensor in ``order``."""

    @abc.abstractmethod
    def logits(self, x: Tensor) -> Tensor:
        """Return the outputs."""

    def epoch(self, x: Tensor, y: Tensor, batch_size: int) -> None:
        """Go once over all rows in a new order; every batch has the same size, as Lamina's have."""
        order = torch.randperm(len(x))
        fill = -len(x) % batch_size
        self.batches(x, y, torch.cat([order, order[:fill]]).split(batch_size))


class EagerTrainer(Trainer):
    """The plain loop: forward, backward, `torch.optim.Adam`.

    Args:
        sizes: widths from the inputs to the outputs.
        lr: learning rate.
        seed: of the weights and the order.
        compile_loss: compile forward pass and loss (with their backward).
        autocast: bfloat16 products.
        **adam: ``fused=True`` or ``foreach=True``.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        lr: float,
        seed: int,
        *,
        compile_loss: bool = False,
        autocast: bool = False,
        **adam: Any,
    ):
        self.parameters = list(perceptron(sizes, seed).parameters())
        self.optimizer = torch.optim.Adam(self.parameters, lr=lr, **adam)
        self.loss = compiled_loss() if compile_loss else mean_loss
        self.cast = torch.autocast("cpu", torch.bfloat16) if autocast else contextlib.nullcontext()

    def batches(self, x: Tensor, y: Tensor, order: Sequence[Tensor]) -> None:
        for rows in order:
            with self.cast:
                loss = self.loss(self.parameters, x.index_select(0, rows), y.index_select(0, rows))
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)

    def logits(self, x: Tensor) -> Tensor:
        with torch.no_grad(), self.cast:
            return forward(self.parameters, x)


def adam_update(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    first: Sequence[Tensor],
    second: Sequence[Tensor],
    rates: Sequence[Tensor | float],
    step: Tensor,
) -> None:
    """Take one Adam step in place; ``rates`` broadcast against their parameters. For `torch.compile`."""
    step.add_(1)
    first_scale = 1 / (1 - BETAS[0] ** step)
    second_scale = 1 / (1 - BETAS[1] ** step).sqrt()
    for parameter, gradient, m, v, rate in zip(parameters, gradients, first, second, rates, strict=True):
        m.lerp_(gradient, 1 - BETAS[0])
        v.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        parameter.sub_(rate * (m * first_scale) / (v.sqrt() * second_scale + EPSILON))


class CompiledTrainer(Trainer):
    """A whole step, or several unrolled, as one compiled function: gradient and Adam together.

    Args:
        sizes: widths from the inputs to the outputs.
        lr: learning rate.
        seed: of the weights and the order.
        unroll: steps in one call of the compiled function.
        autocast: bfloat16 products.
    """

    _compiled: dict[Any, Callable[..., None]] = {}  # noqa: RUF012 - networks of one shape share their code

    def __init__(
        self, sizes: Sequence[int], lr: float, seed: int, *, unroll: int = 1, autocast: bool = False
    ):
        self.parameters = [p.detach().clone() for p in perceptron(sizes, seed).parameters()]
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.lr, self.step, self.unroll = torch.tensor(lr), torch.zeros(()), unroll
        self.autocast = autocast

    def _loss(self, parameters: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return mean_loss(parameters, x, y)

    def _steps(self, count: int) -> Callable[..., None]:
        """Return the compiled function that takes ``count`` steps."""
        key = (count, self.autocast, *[tuple(p.shape) for p in self.parameters])
        if key not in self._compiled:

            def steps(
                parameters: list[Tensor], first: list[Tensor], second: list[Tensor], step: Tensor, lr: Tensor,
                x: Tensor, y: Tensor, rows: Tensor,
            ) -> None:  # fmt: skip
                for index in range(count):
                    batch = x.index_select(0, rows[index]), y.index_select(0, rows[index])
                    gradients = torch.func.grad(self._loss)(parameters, *batch)
                    adam_update(parameters, gradients, first, second, [lr] * len(parameters), step)

            self._compiled[key] = torch.compile(steps, fullgraph=True, dynamic=False)
        return self._compiled[key]

    def batches(self, x: Tensor, y: Tensor, order: Sequence[Tensor]) -> None:
        rows = torch.stack(list(order))
        done = 0
        with torch.no_grad():
            while done < len(rows):
                count = self.unroll if len(rows) - done >= self.unroll else 1
                self._steps(count)(
                    self.parameters,
                    self.first,
                    self.second,
                    self.step,
                    self.lr,
                    x,
                    y,
                    rows[done : done + count],
                )
                done += count

    def logits(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return forward(self.parameters, x)


MAKERS: dict[str, Callable[..., Trainer]] = {
    "plain": lambda *a, **k: EagerTrainer(*a, foreach=False, **k),
    "foreach": lambda *a, **k: EagerTrainer(*a, foreach=True, **k),
    "fused": lambda *a, **k: EagerTrainer(*a, fused=True, **k),
    "compiled loss": lambda *a, **k: EagerTrainer(*a, compile_loss=True, fused=True, **k),
    "compiled step": CompiledTrainer,
    "compiled 4 steps": lambda *a, **k: CompiledTrainer(*a, unroll=4, **k),
    "compiled epoch": lambda *a, **k: CompiledTrainer(*a, unroll=12, **k),
}


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of rows whose largest output is their label."""
    return (logits.argmax(-1) == labels).float().mean().item()


def steps_in(rows: int, batch_size: int) -> int:
    """Return the steps of an epoch."""
    return math.ceil(rows / batch_size)


def compete(
    make: Callable[[Mapping[str, Any]], Any],
    trainer: Callable[[Any, Mapping[str, Any]], Any],
    tensors: Callable[[Mapping[str, Any]], tuple[Tensor, ...]],
) -> None:
    """Answer what the driver of a row asks for that is judged by a loss.

    Args:
        make: shape → network, which takes Lamina's weights by ``take``.
        trainer: network and options → what has ``epoch(*tensors) -> mean loss``.
        tensors: arrays of a file → what an epoch goes over.
    """
    channel, chosen = worker.Channel(), worker.options()
    settle(chosen["threads"], matmul=chosen["matmul"])
    network = make(chosen["shape"])
    network.take(datasets.load(f"{chosen['folder']}/weights.npz"))
    torch.manual_seed(0)
    own = trainer(network, chosen)
    is_race = chosen["mode"] == "race"
    given = tensors(datasets.load(f"{chosen['folder']}/{'turn' if is_race else 'quality'}.npz"))
    channel.send(versions=worker.versions("torch"))
    channel.receive()
    if not is_race:
        found = [own.epoch(*given) for _ in range(chosen["epochs"])]
        channel.send(quality=found, parameters=sum(p.numel() for p in network.parameters()))
        return
    while True:
        began = time.perf_counter()
        own.epoch(*given)
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()
