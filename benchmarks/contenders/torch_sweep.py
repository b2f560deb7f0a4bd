"""Many small MLPs in PyTorch, one by one or batched by hand; options: variant, threads, lrs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import datasets, worker
from benchmarks.contenders import torch_stack, torch_steps

SIZES = (64, 32, 10)
BATCH = 128


def is_stacked(chosen: dict[str, Any]) -> bool:
    return chosen["variant"].split()[0] in ("bmm", "wide", "vmap")


def make_population(chosen: dict[str, Any]) -> torch_stack.Population:
    layout, mode = chosen["variant"].split()
    return torch_stack.Population(SIZES, chosen["lrs"], layout=layout, compiled=mode == "compiled")


def turns(chosen: dict[str, Any], x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    """Return the work of a turn: some epochs of all models, or of some of them one by one."""
    if is_stacked(chosen):
        population = make_population(chosen)

        def together() -> None:
            for _ in range(chosen["turn_epochs"]):
                population.epoch(x, y, BATCH)

        return together
    make = torch_steps.MAKERS[chosen["variant"]]

    def one_by_one() -> None:
        for seed, lr in enumerate(chosen["lrs"][: chosen["turn_models"]]):
            trainer = make(SIZES, lr, seed)
            for _ in range(chosen["turn_epochs"]):
                trainer.epoch(x, y, BATCH)

    return one_by_one


def qualities(chosen: dict[str, Any], data: dict[str, torch.Tensor]) -> list[float]:
    """Train every model for all epochs; return the accuracies."""
    x, y = data["x_train"], data["y_train"]
    if is_stacked(chosen):
        population = make_population(chosen)
        for _ in range(chosen["epochs"]):
            population.epoch(x, y, BATCH)
        return population.accuracies(data["x_test"], data["y_test"])
    found = []
    for seed, lr in enumerate(chosen["lrs"]):
        trainer = torch_steps.MAKERS[chosen["variant"]](SIZES, lr, seed)
        for _ in range(chosen["epochs"]):
            trainer.epoch(x, y, BATCH)
        found.append(torch_steps.accuracy(trainer.logits(data["x_test"]), data["y_test"]))
    return found


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul="medium")
    data = {name: torch.from_numpy(array) for name, array in datasets.load(chosen["data"]).items()}
    channel.send(versions=worker.versions("torch"))
    channel.receive()
    if chosen["mode"] == "quality":
        began = time.perf_counter()
        found = qualities(chosen, data)
        channel.send(quality=found, seconds=time.perf_counter() - began)
        return
    began = time.perf_counter()
    turn = turns(chosen, data["x_train"], data["y_train"])
    while True:
        turn()
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()
        began = time.perf_counter()


if __name__ == "__main__":
    main()
