"""Row "Cora": a network of two graph layers on the citations of Cora: accuracy, and time of 200 epochs.

The public split: 140 labelled nodes train, 500 validate, 1,000 test; the loss of the validation nodes
chooses the epoch, of at most 1,000, and 100 without a better one end a member's training. Quality: the mean
test accuracy of the members of one population, one seed each, with 1.96 standard errors; the test nodes are
read once, at the end. Width and dropout of GCN were chosen on the validation nodes (docs/log.md). Time, of
the published 16 units and 200 epochs: one training, compilation left out;
of a population its share of a member. PyTorch Geometric trains the same network one by one, its edges
normalized once; ``sparse`` leaves out dropout of the features, which its sparse products lack.

Published: GCN 81.5 (Kipf, Welling. ICLR 2017), GAT 83.0 ± 0.7 (Veličković et al. ICLR 2018).
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks import contest, datasets, interpreters, machine, record, spread
from benchmarks.contest import Contender
from benchmarks.graphs import node_data
from lamina.models import build
from lamina.network.network import predict_batches
from lamina.objectives import MulticlassObjective
from lamina.train import TrainConfig, train_population

RECIPES: dict[str, dict[str, Any]] = {
    "gcn": {"options": {"size": 16, "dropout": 0.5}, "lr": 0.01, "variants": ("eager", "compiled", "sparse")},
    "gat": {
        "options": {"size": 64, "heads": 8, "dropout": 0.6},
        "lr": 0.005,
        "variants": ("eager", "compiled"),
    },
}
QUALITY = {"gcn": {"size": 64, "dropout": 0.8}, "gat": RECIPES["gat"]["options"]}
QUALITY_EPOCHS, PATIENCE = 1000, 100
CONFIG = {"optimizer": "adam", "schedule": "constant", "l2": 5e-4, "weight_decay": 0.0}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=tuple(RECIPES), default="gcn")
    parser.add_argument("--epochs", type=int, default=200, help="of each training (default %(default)s)")
    parser.add_argument("--members", type=int, default=100, help="of the population (default %(default)s)")
    parser.add_argument("--turns", type=int, default=7, help="counted trainings each (default %(default)s)")
    parser.add_argument("--only-quality", action="store_true", help="no race")
    parser.add_argument("--quick", action="store_true", help="few members, turns and epochs: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.members, arguments.turns, arguments.epochs = 4, 2, 5
    return arguments


def config_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keys of training."""
    return {**CONFIG, "lr": RECIPES[arguments.model]["lr"], "epochs": arguments.epochs}


def quality(arguments: argparse.Namespace, path: str) -> tuple[dict[str, np.ndarray], float]:
    """Return the accuracy of each member on validation and test nodes, and the seconds of training.

    Args:
        arguments: of the command line.
        path: of the data.
    """
    data = node_data(path)
    options, epochs = QUALITY[arguments.model], arguments.epochs if arguments.quick else QUALITY_EPOCHS
    models = [
        build(arguments.model, inputs=data.inputs, outputs=data.classes, seed=seed, **options)
        for seed in range(arguments.members)
    ]
    objective = MulticlassObjective(data.classes)
    config = TrainConfig(
        **{**config_of(arguments), "epochs": epochs},
        batch_size=len(data.parts["train"]["y"]),
        patience=PATIENCE,
        monitor="loss",
    )
    began = time.perf_counter()
    results = train_population(
        models, objective, data.parts["train"], data.parts["valid"], config=config,
        seeds=list(range(arguments.members)),
    )  # fmt: skip
    seconds = time.perf_counter() - began
    machine.say(f"  population of {arguments.members}: {seconds:.1f} s, compiling too")
    found: dict[str, list[float]] = {"valid": [], "test": []}
    for result in results:
        for part, own in found.items():
            likely = predict_batches(objective, result.model, data.parts[part]["x"]).argmax(axis=-1)
            own.append(float((likely == data.parts[part]["y"]).mean()))
    return {part: np.array(own) for part, own in found.items()}, seconds


def contenders(arguments: argparse.Namespace, path: str) -> list[Contender]:
    """Return Lamina one by one and as a population, and PyTorch Geometric's variants."""
    recipe = RECIPES[arguments.model]
    shared = {
        "data": path,
        "model": arguments.model,
        "options": recipe["options"],
        "config": config_of(arguments),
    }
    own, torch = interpreters.of(arguments, "lamina"), interpreters.of(arguments, "torch")
    found = [
        Contender("lamina", variant, own, "lamina_cora", {**shared, "members": members})
        for variant, members in (("one", 1), ("population", arguments.members))
    ]
    for variant in recipe["variants"]:
        options = {**shared, "variant": variant, "threads": machine.cores()}
        found.append(Contender("torch_geometric", variant, torch, "torch_cora", options))
    return found


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    path = str(datasets.found("planetoid", "cora.npz"))
    found, seconds = quality(arguments, path)
    for part, own in found.items():
        error = 1.96 * own.std(ddof=1) / len(own) ** 0.5
        machine.say(
            f"  {part}: {100 * own.mean():.2f} ± {100 * error:.2f} % (one member ± {100 * own.std():.2f})"
        )
    test = found["test"]
    reached: dict[str, Any] = {
        "quality": test.mean(),
        "quality_deviation": test.std(ddof=1),
        "seeds": f"0-{arguments.members - 1}",
    }
    if arguments.only_quality:
        line = record.Line(
            row=f"cora_{arguments.model}",
            contender="lamina",
            variant="quality",
            unit="s",
            median=seconds,
            runs=1,
            note=f"at most {QUALITY_EPOCHS} epochs; seconds of the population, compilation included",
            **reached,
        )
        record.keep([line], arguments, idle=idle)
        return
    race = contest.race(contenders(arguments, path), turns=arguments.turns)
    ours = race.best("lamina")
    lines = []
    for timing in race.timings:
        is_ours = timing.contender.name == "lamina"
        lines.append(
            record.Line(
                row=f"cora_{arguments.model}",
                contender=timing.contender.name,
                variant=timing.contender.variant,
                unit="s",
                first=timing.first,
                **record.timed(spread.spread(timing.seconds)),
                **record.compared(spread.ratio(timing.seconds, ours.seconds)),
                versions=timing.versions,
                note=f"{arguments.epochs} epochs; seconds of one training",
                **(reached if is_ours else {}),
            )
        )
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
