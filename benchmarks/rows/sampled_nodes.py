"""Row "sampled nodes": an epoch of GraphSAGE over nodes of a graph that is too large to be seen whole.

Synthetic: 1,000,000 nodes in 10 classes, 20,000,000 edges (10,000,000 pairs, half of them within a class), 64
features that say little by themselves. 10 + 10 neighbors are drawn in the compiled step; a tenth of the nodes
trains, batches of 1,024, width 128. Figure: seconds of the second epoch, and the largest resident memory of
the process. Quality: accuracy of 10,000 held-out nodes after both. PyTorch Geometric's sampler needs a
library that is compiled apart (pyg-lib or torch-sparse), so that no peer runs here.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import machine, record, worker
from lamina.data.cells import CellTable, columns_beside
from lamina.data.nodes.column import NODE, NodeColumn
from lamina.data.nodes.graph import NodeGraph, sorted_edges
from lamina.modalities.node.encoder import NodeEncoder
from lamina.models import build
from lamina.network.network import predict_batches
from lamina.objectives import MulticlassObjective
from lamina.train import Callback, TrainConfig, train

CLASSES, FEATURES, NOISE = 10, 64, 4.0
HELD_OUT = 10_000


class Clock(Callback):
    """Keeps the seconds of each epoch."""

    def __init__(self) -> None:
        self.times = [time.perf_counter()]

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: Any) -> None:
        self.times.append(time.perf_counter())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=20_000_000)
    parser.add_argument("--quick", action="store_true", help="a hundredth of it: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.nodes, arguments.edges = arguments.nodes // 100, arguments.edges // 100
    return arguments


def graph(nodes: int, edges: int) -> tuple[NodeGraph, np.ndarray]:
    """Return a graph whose classes its edges tell, and the class of each node."""
    random = np.random.default_rng(0)
    y = (np.arange(nodes) % CLASSES).astype(np.int32)
    first = random.integers(0, nodes, edges // 2, dtype=np.int32)
    second = random.integers(0, nodes, edges // 2, dtype=np.int32)
    alike = random.random(edges // 2) < 0.5
    second = np.where(alike, second - second % CLASSES + first % CLASSES, second) % nodes
    pairs = np.stack([first, second], axis=1).astype(np.int32)
    centers = random.normal(size=(CLASSES, FEATURES)).astype(np.float32)
    x = centers[y] + NOISE * random.standard_normal((nodes, FEATURES), np.float32)
    return NodeGraph(nodes, sorted_edges(np.concatenate([pairs, pairs[:, ::-1]])), x), y


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    whole, y = graph(arguments.nodes, arguments.edges)
    table = CellTable({NODE: NodeColumn(NODE, whole)}, columns_beside({}, whole.count, "<arrays>"))
    order = np.random.default_rng(1).permutation(whole.count)
    held = min(HELD_OUT, whole.count // 10)
    rows, test = order[: whole.count // 10], order[-held:]
    encoder = NodeEncoder.fit(table, NODE, rows, neighbors=(10, 10))
    weight = np.ones(len(rows), np.float32)
    data = {"x": encoder.transform(table, rows), "y": y[rows], "weight": weight}
    model = build("sage", inputs=encoder.inputs, outputs=CLASSES, size=128, dropout=0.0)
    objective, clock = MulticlassObjective(CLASSES), Clock()
    config = TrainConfig(epochs=2, batch_size=1024, optimizer="adam", lr=3e-3, early_stopping=False)
    result = train(model, objective, data, config=config, callbacks=[clock])
    seconds = np.diff(clock.times)
    likely = predict_batches(objective, result.model, encoder.transform(table, test)).argmax(axis=-1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = record.Line(
        row="sampled_nodes",
        contender="lamina",
        variant="sage 10+10",
        unit="s",
        median=float(seconds[1]),
        first=float(seconds[0]),
        peak_mib=peak,
        quality=float((likely == y[test]).mean()),
        seeds="0",
        versions=worker.versions("jax", "jaxlib", "numpy"),
        note=f"{whole.count} nodes, {len(whole.edges)} edges, {len(rows)} nodes train",
    )
    record.keep([line], arguments, idle=idle)


if __name__ == "__main__":
    main()
