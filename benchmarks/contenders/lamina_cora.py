"""A graph network on the nodes of a graph by `lamina.train`; a turn is one training, or one population.

Options: data, model, options (of the model), config, members.
"""

from __future__ import annotations

import time

from benchmarks import worker
from benchmarks.graphs import node_data
from lamina.models import build
from lamina.objectives import MulticlassObjective
from lamina.train import TrainConfig, train, train_population


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    data = node_data(chosen["data"])
    objective = MulticlassObjective(data.classes)
    config = TrainConfig(**chosen["config"], batch_size=len(data.parts["train"]["y"]), early_stopping=False)
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    seed, members = 0, chosen["members"]
    while True:
        began = time.perf_counter()
        seeds = range(seed, seed + members)
        models = [
            build(chosen["model"], inputs=data.inputs, outputs=data.classes, seed=own, **chosen["options"])
            for own in seeds
        ]
        if members == 1:
            train(models[0], objective, data.parts["train"], config=config)
        else:
            train_population(models, objective, data.parts["train"], config=config, seeds=list(seeds))
        channel.send(seconds=(time.perf_counter() - began) / members)
        channel.receive()
        seed += members


if __name__ == "__main__":
    main()
