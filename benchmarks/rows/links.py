"""Row "links": edges of Cora that were held out, told from pairs of nodes without one, by the others.

85 % of the edges train, 5 % validate, 10 % test, drawn by the seed; as many pairs without an edge. The task
``links`` with its own keys, from the file on. Quality: the mean area under the ROC curve over the seeds;
``--valid-only`` leaves the test edges unread. Published: GAE 91.0 ± 0.02, VGAE 91.4 ± 0.01 with features
(Kipf, Welling. Variational graph auto-encoders. 2016, table 1).
"""

from __future__ import annotations

import argparse
import statistics
import time

import lamina
from benchmarks import datasets, machine, record, worker

PARTS = {"valid": 0.05, "test": 0.1}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many (default %(default)s)")
    parser.add_argument("--valid-only", action="store_true", help="show validation alone, record nothing")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="of `lamina fit`")
    parser.add_argument("--quick", action="store_true", help="one seed, few epochs: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.keys = 1, ["epochs=5"]
    return arguments


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    path = datasets.found("planetoid", "cora.npz")
    keys = dict(pair.split("=", 1) for pair in arguments.keys)
    found: dict[str, list[float]] = {"valid": [], "test": []}
    taken = []
    for seed in range(arguments.seeds):
        began = time.perf_counter()
        network = lamina.fit(path, task="links", seed=seed, **PARTS, **keys)
        taken.append(time.perf_counter() - began)
        for part in found:
            found[part].append(network.info.metrics[part]["auc"])
    shown = ("valid",) if arguments.valid_only else ("valid", "test")
    for part in shown:
        own = " ".join(f"{value:.4f}" for value in found[part])
        machine.say(f"  {part}: {statistics.mean(found[part]):.4f} ({own})")
    if arguments.valid_only:
        return
    line = record.Line(
        row="links",
        contender="lamina",
        variant="gcn",
        unit="s",
        median=statistics.median(taken),
        runs=len(taken),
        quality=statistics.mean(found["test"]),
        quality_deviation=statistics.stdev(found["test"]) if len(taken) > 1 else "",
        seeds=f"0-{arguments.seeds - 1}",
        versions=worker.versions("jax", "jaxlib", "numpy"),
        note="Cora; quality is the area under the ROC curve of test edges; seconds of a whole fit",
    )
    record.keep([line], arguments, idle=idle)


if __name__ == "__main__":
    main()
