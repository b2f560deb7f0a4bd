"""A population of one-hidden-layer MLPs in PyTorch, batched by hand over the models.

Variants differ in how the products are written (``bmm``; ``wide``: the first layer of all
models is one product, since they share their batches; ``vmap``: `torch.func`) and in whether
the whole step is compiled. Adam is our own, since the learning rates differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.contenders import torch_steps
from benchmarks.contenders.torch_steps import BETAS, EPSILON

Forward = Callable[[Sequence[Tensor], Tensor], Tensor]


def bmm_forward(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return (models, batch, outputs) by batched products."""
    w1, b1, w2, b2 = parameters
    hidden = F.relu(torch.baddbmm(b1, x.expand(len(w1), *x.shape), w1))
    return torch.baddbmm(b2, hidden, w2)


def wide_forward(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return the same; the first weights lie side by side, (inputs, models · width)."""
    w1, b1, w2, b2 = parameters
    hidden = F.relu(torch.addmm(b1, x, w1)).view(len(x), len(w2), -1).transpose(0, 1)
    return torch.baddbmm(b2, hidden, w2)


def vmap_forward(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return the same by `torch.func.vmap` over a network of one model."""

    def one(w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
        return F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)

    return torch.func.vmap(one)(*parameters)


def stacked(sizes: Sequence[int], models: int, layout: str) -> list[Tensor]:
    """Return the parameters of seeds 0 … models - 1 in the layout of a variant."""
    nets = [[p.detach() for p in torch_steps.perceptron(sizes, seed).parameters()] for seed in range(models)]
    w1, b1, w2, b2 = (torch.stack(parts) for parts in zip(*nets, strict=True))
    if layout == "vmap":
        return [w1, b1, w2, b2]
    w1, w2 = w1.transpose(1, 2).contiguous(), w2.transpose(1, 2).contiguous()
    if layout == "wide":
        return [
            w1.permute(1, 0, 2).reshape(sizes[0], -1).contiguous(),
            b1.reshape(-1),
            w2,
            b2[:, None].contiguous(),
        ]
    return [w1, b1[:, None].contiguous(), w2, b2[:, None].contiguous()]


def rates(lrs: Tensor, parameters: Sequence[Tensor], width: int) -> list[Tensor]:
    """Return the learning rates in shapes that broadcast against their parameters."""
    return [
        lrs.view(-1, *[1] * (p.ndim - 1)) if len(p) == len(lrs) else lrs.repeat_interleave(width)
        for p in parameters
    ]


class Population:
    """All the models, trained together.

    Args:
        sizes: inputs, width, outputs.
        lrs: one learning rate a model.
        layout: ``"bmm"``, ``"wide"`` or ``"vmap"``.
        compiled: compile the whole step, gradient and Adam.
    """

    def __init__(self, sizes: Sequence[int], lrs: Sequence[float], *, layout: str, compiled: bool):
        self.forward: Forward = {"bmm": bmm_forward, "wide": wide_forward, "vmap": vmap_forward}[layout]
        self.parameters = stacked(sizes, len(lrs), layout)
        self.rates = rates(torch.tensor(lrs), self.parameters, sizes[1])
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.step = torch.zeros(())
        if compiled:
            self._take = torch.compile(self._whole_step, fullgraph=True, dynamic=False)
        else:
            for parameter in self.parameters:
                parameter.requires_grad_(True)
            self._take = self._eager_step

    def _loss(self, parameters: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Return the sum over models of the mean over rows, so that gradients stay each model's own."""
        logits = self.forward(parameters, x)
        labels = y.expand(len(logits), -1).reshape(-1)
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels, reduction="sum") / len(x)

    def _whole_step(self, x: Tensor, y: Tensor, rows: Tensor) -> None:
        batch = x.index_select(0, rows), y.index_select(0, rows)
        gradients = torch.func.grad(self._loss)(self.parameters, *batch)
        torch_steps.adam_update(self.parameters, gradients, self.first, self.second, self.rates, self.step)

    def _eager_step(self, x: Tensor, y: Tensor, rows: Tensor) -> None:
        with torch.enable_grad():
            loss = self._loss(self.parameters, x.index_select(0, rows), y.index_select(0, rows))
            gradients = torch.autograd.grad(loss, self.parameters)
        self.step += 1
        count = self.step.item()
        torch._foreach_lerp_(self.first, gradients, 1 - BETAS[0])
        torch._foreach_mul_(self.second, BETAS[1])
        torch._foreach_addcmul_(self.second, gradients, gradients, 1 - BETAS[1])
        divisors = torch._foreach_sqrt(self.second)
        torch._foreach_div_(divisors, (1 - BETAS[1] ** count) ** 0.5)
        torch._foreach_add_(divisors, EPSILON)
        torch._foreach_mul_(divisors, 1 - BETAS[0] ** count)
        updates = torch._foreach_div(self.first, divisors)
        torch._foreach_mul_(updates, self.rates)
        torch._foreach_sub_(self.parameters, updates)

    def epoch(self, x: Tensor, y: Tensor, batch_size: int) -> None:
        """Go once over all rows, all models in the same order."""
        order = torch.randperm(len(x))
        with torch.no_grad():
            for rows in torch.cat([order, order[: -len(x) % batch_size]]).split(batch_size):
                self._take(x, y, rows)

    def accuracies(self, x: Tensor, y: Tensor) -> list[float]:
        """Return each model's accuracy."""
        with torch.no_grad():
            return [torch_steps.accuracy(logits, y) for logits in self.forward(self.parameters, x)]
