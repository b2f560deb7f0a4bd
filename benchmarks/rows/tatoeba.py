"""Row "tatoeba": English to French, sentences of Tatoeba (``tatoeba_fra_eng`` in ``$LAMINA_DATA``).

2,000 English sentences with one translation each are held out by a fixed seed, with all their other
translations; 100,000 of the other pairs are learned from by `lamina.fit`. The peer is
`torch.nn.Transformer` of the same size on the same pieces of words, trained for as many seconds. Both
write greedily; quality is BLEU (sacrebleu's 13a) of the held-out sentences. ``--valid-only`` judges by
2,000 other sentences, for tuning.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

import lamina
from benchmarks import contest, interpreters, machine, peers, record
from benchmarks.contest import Contender
from lamina.objectives.metrics.bleu import bleu, chrf

ROW = "tatoeba"
SEED, HELD_OUT = 0, 2_000
Pairs = dict[str, list[str]]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000, help="to learn from (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--valid-only", action="store_true", help="judge by other sentences, for tuning")
    parser.add_argument("--alone", action="store_true", help="without torch")
    parser.add_argument("--torch-lr", type=float, default=1e-3)
    parser.add_argument(
        "--torch-matmul", choices=peers.MATMULS, default="medium", help="precision of products"
    )
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="few pairs, a small network: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.pairs = 2_000
        arguments.keys = ["size=32", "depth=1", "epochs=1", *arguments.keys]
    return arguments


def split(arguments: argparse.Namespace) -> tuple[Pairs, Pairs]:
    """Return pairs to learn from, and pairs that judge; no English sentence is in both."""
    path = Path(os.environ.get("LAMINA_DATA", "")) / "tatoeba_fra_eng" / "fra-eng.zip"
    if not path.is_file():
        sys.exit("no tatoeba_fra_eng in $LAMINA_DATA")
    with zipfile.ZipFile(path) as archive:
        rows = [line.split("\t")[:2] for line in archive.read("fra.txt").decode().splitlines()]
    random = np.random.default_rng(SEED)
    sources = [*dict.fromkeys(source for source, _ in rows)]
    order = [sources[i] for i in random.permutation(len(sources)).tolist()]
    test, valid = set(order[:HELD_OUT]), set(order[HELD_OUT : 2 * HELD_OUT])
    held = valid if arguments.valid_only else test
    first: dict[str, str] = {}
    for source, target in rows:
        first.setdefault(source, target)
    unseen = test | held  # the test sentences are never learned from
    learned = [rows[i] for i in random.permutation(len(rows)).tolist() if rows[i][0] not in unseen]
    judge = [(source, first[source]) for source in order if source in held]
    return _columns(learned[: arguments.pairs]), _columns(judge)


def _columns(pairs: Any) -> Pairs:
    english, french = zip(*pairs, strict=True)
    return {"english": list(english), "french": list(french)}


def measured(written: list[str], references: list[str]) -> dict[str, float]:
    return {"bleu": bleu(written, references), "chrf": chrf(written, references)}


def torch_of(
    arguments: argparse.Namespace, net: Any, learned: Pairs, judge: Pairs, seconds: float
) -> dict[str, Any]:
    """Return what torch reaches in so many seconds, with the same pieces of words."""
    (encoder,) = net.encoder.encoders.values()
    table = lamina.data.read(learned)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            f"{folder}/data.npz",
            source=encoder.encoded(learned["english"])["ids"],
            target=net.target.transform(table),
            judge=encoder.encoded(judge["english"])["ids"],
        )
        options = {
            "folder": folder,
            "symbols": [encoder.inputs.symbols, net.objective.symbols],
            "width": net.options["size"],
            "depth": net.options["depth"],
            "heads": max(1, net.options["size"] // 32),
            "dropout": net.options["dropout"],
            "smoothing": net.config["label_smoothing"],
            "batch": net.config["batch_size"],
            "lr": arguments.torch_lr,
            "seconds": seconds,
            "seed": arguments.seed,
            "threads": machine.cores(),
            "matmul": arguments.torch_matmul,
        }
        python = interpreters.of(arguments, "torch")
        found = contest.answer(Contender("torch", "nn.Transformer", python, "torch_translation", options))
    ids = np.array(found["ids"])
    written = net.target.in_unit(ids[:, None].astype(np.float32))["output"].tolist()
    return {**measured(written, judge["french"]), **found, "example": written[:5]}


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    learned, judge = split(arguments)
    keys: dict[str, Any] = {"valid": 0.02, "beams": 1, "seed": arguments.seed}
    keys |= dict(pair.split("=", 1) for pair in arguments.keys)
    began = time.perf_counter()
    net = lamina.fit(learned, target="french", **keys)
    seconds = time.perf_counter() - began
    written = net.predict({"english": judge["english"]}).tolist()
    ours = measured(written, judge["french"])
    machine.say(f"lamina: {ours}, {net.parameters:,} parameters, {net.info.steps} steps, {seconds:.0f} s")
    for source, reference, output in zip(judge["english"], judge["french"], written[:5], strict=False):
        machine.say(f"  {source} | {reference} | {output}")
    note = f"{net.parameters} parameters, {net.info.steps} steps, chrF {ours['chrf']:.1f}"
    variant = f"{arguments.pairs} pairs" + (" valid" if arguments.valid_only else "")
    lines = [
        record.Line(ROW, "lamina", variant, "s", seconds, quality=ours["bleu"], note=note,
                    seeds=str(arguments.seed))
    ]  # fmt: skip
    if not arguments.alone:
        theirs = torch_of(arguments, net, learned, judge, seconds)
        said = f"{theirs['parameters']} parameters, {theirs['steps']} steps, chrF {theirs['chrf']:.1f}"
        machine.say(
            f"torch: BLEU {theirs['bleu']:.2f}, {said}, {theirs['seconds']:.0f} s; {theirs['example']}"
        )
        lines.append(
            record.Line(ROW, "torch", variant, "s", theirs["seconds"], quality=theirs["bleu"], note=said,
                        seeds=str(arguments.seed), quality_agrees=ours["bleu"] >= theirs["bleu"])
        )  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
