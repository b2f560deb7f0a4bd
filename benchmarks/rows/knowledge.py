"""Row "knowledge": missing entities of knowledge graphs, by `lamina.fit` on the official splits.

UMLS and FB15k-237 (``umls_kg`` and ``fb15k237`` in ``$LAMINA_DATA``): filtered ranks over both directions,
ties at their mean rank, every test triple kept, those with entities that training never saw among them.
Answers of the test triples are filtered in validation too, as is usual; ``--valid-only`` shows nothing else
of them, for tuning. The published figures of FB15k-237 (MRR) are .313 of TransE, .343 of DistMult and .348
of ComplEx (LibKGE), .337 of RotatE; of UMLS .94 of ConvE.

References:
    Toutanova, Chen. Observed versus latent features for knowledge base and text inference. CVSC 2015.
    Dettmers, Minervini, Stenetorp, Riedel. Convolutional 2D knowledge graph embeddings. AAAI 2018.
    Ruffinelli, Broscheit, Gemulla. You can teach an old dog new tricks! ICLR 2020.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path

import polars as pl

from benchmarks import machine, record

ROW = "knowledge"
PARTS = ("train", "valid", "test")
GRAPHS = ("umls_kg", "fb15k237")
SHOWN = ("mrr", "hits_1", "hits_3", "hits_10", "mean_rank")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", nargs="+", choices=GRAPHS, default=list(GRAPHS))
    parser.add_argument("--models", nargs="+", default=["auto"], help="such as complex transe")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--valid-only", action="store_true", help="show nothing of the test triples")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def triples(graph: str) -> pl.DataFrame:
    """Return the triples of all parts, with a column that names the part."""
    folder = Path(os.environ.get("LAMINA_DATA", "")) / graph
    if not folder.is_dir():
        sys.exit(f"no {graph} in $LAMINA_DATA")
    from lamina.data.readers.parsers.triples import read_triples

    read = {part: read_triples(str(folder / f"{part}.tsv.gz")).frame for part in PARTS}
    return pl.concat([frame.with_columns(split=pl.lit(part)) for part, frame in read.items()])


def processor_seconds() -> float:
    """Return the seconds that all threads of this process computed: a busy machine makes them no more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    import lamina

    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    part = "valid" if arguments.valid_only else "test"
    keys = dict(pair.split("=", 1) for pair in arguments.keys) | ({"epochs": 1} if arguments.quick else {})
    lines = []
    for graph in arguments.graphs:
        data = triples(graph)
        for model in arguments.models:
            for seed in arguments.seeds:
                began, computed = time.perf_counter(), processor_seconds()
                network = lamina.fit(data, task=ROW, model=model, seed=seed, **keys)
                seconds, computed = time.perf_counter() - began, processor_seconds() - computed
                found = network.info.metrics[part]
                shown = ", ".join(f"{name} {found[name]:.4f}" for name in SHOWN)
                machine.say(f"{graph}, {network.model_name}, seed {seed}, {part}: {shown}")
                machine.say(
                    f"  {seconds:.0f} s, {computed:.0f} s of the processor, {network.info.epochs} epochs"
                )
                note = [f"hits@10 {found['hits_10']:.4f}; {computed:.0f} s of the processor", *arguments.keys]
                what = f"{graph}, {network.model_name}, {part}"
                lines.append(
                    record.Line(ROW, "lamina", what, "s", seconds, quality=found["mrr"], seeds=str(seed),
                                note=" ".join(note))
                )  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
