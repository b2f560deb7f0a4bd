"""Small MLP in PyTorch; options: variant, threads, matmul."""

from __future__ import annotations

import time

import torch

from benchmarks import datasets, worker
from benchmarks.contenders import torch_steps

SIZES = (784, 256, 256, 10)
BATCH = 128


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul=chosen["matmul"])
    data = {name: torch.from_numpy(array) for name, array in datasets.load(chosen["data"]).items()}
    x, y, keys = data["x_train"], data["y_train"], {"autocast": chosen["precision"] == "bfloat16"}
    make = torch_steps.MAKERS[chosen["variant"]]
    channel.send(versions=worker.versions("torch"))
    if chosen["mode"] == "race":
        trainer = None
        while True:
            channel.receive()
            began = time.perf_counter()
            trainer = trainer or make(SIZES, 1e-3, 0, **keys)
            trainer.epoch(x, y, BATCH)
            channel.send(seconds=time.perf_counter() - began)
    channel.receive()
    found = []
    for seed in chosen["seeds"]:
        trainer = make(SIZES, 1e-3, seed, **keys)
        for _ in range(chosen["epochs"]):
            trainer.epoch(x, y, BATCH)
        found.append(torch_steps.accuracy(trainer.logits(data["x_test"]), data["y_test"]))
    channel.send(quality=found)


if __name__ == "__main__":
    main()
