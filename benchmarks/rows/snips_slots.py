"""Row "snips_slots": slots and intents of spoken queries, by `lamina.fit` and its defaults.

The official training, validation and test sentences of Snips (``snips_nlu`` in ``$LAMINA_DATA``): slots by
tagging, intents by the classification of texts. A sentence is right as a whole if its intent and all of its
tags are. ``--valid-only`` leaves the test sentences alone and reports those of validation, for tuning. The
published figures are those of the slot-gated model: intent 97.0, slot F1 88.8, whole sentence 75.5.

References:
    Goo et al. Slot-gated modeling for joint slot filling and intent prediction. NAACL 2018.
    Coucke et al. Snips voice platform. arXiv:1805.10190, 2018.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import machine, record

ROW = "snips_slots"
PARTS = ("train", "valid", "test")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--valid-only", action="store_true", help="leave the test sentences alone")
    parser.add_argument("--slots-only", action="store_true", help="leave the intents out")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of tagging")
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def frames() -> dict[str, pl.DataFrame]:
    """Return the sentences of each part, with a column that names it."""
    folder = Path(os.environ.get("LAMINA_DATA", "")) / "snips_nlu"
    if not folder.is_dir():
        sys.exit("no snips_nlu in $LAMINA_DATA")
    read = {part: pl.read_csv(folder / f"{part}.tsv.gz", separator="\t", quote_char=None) for part in PARTS}
    return {part: frame.with_columns(split=pl.lit(part)) for part, frame in read.items()}


def measured(
    data: dict[str, pl.DataFrame], part: str, seed: int, arguments: argparse.Namespace
) -> dict[str, float]:
    """Return intent accuracy, slot F1 and the share of sentences of which both are right, in percent."""
    import lamina

    learned = pl.concat([data["train"], data["valid"]])
    keys: dict[str, Any] = {"seed": seed, "split": "split"} | ({"epochs": 1} if arguments.quick else {})
    own = dict(pair.split("=", 1) for pair in arguments.keys)
    slots = lamina.fit(learned.drop("intent"), target="slots", **{**keys, **own})
    held = data[part].drop("split")
    found = {"slot F1": 100 * slots.evaluate(held.drop("intent"))["entity_f1"]}
    right = slots.predict(held.select("text")) == held["slots"].to_numpy()
    if not arguments.slots_only:
        intents = lamina.fit(learned.drop("slots"), target="intent", **keys)
        known = intents.predict(held.select("text")) == held["intent"].to_numpy()
        found["intent"], right = 100 * float(known.mean()), right & known
    return {**found, "whole sentence": 100 * float(right.mean())}


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    data, part = frames(), "valid" if arguments.valid_only else "test"
    found: dict[str, list[float]] = {}
    seconds = []
    for seed in arguments.seeds:
        began = time.perf_counter()
        for name, value in measured(data, part, seed, arguments).items():
            found.setdefault(name, []).append(value)
        seconds.append(time.perf_counter() - began)
        shown = ", ".join(f"{name} {values[-1]:.2f}" for name, values in found.items())
        machine.say(f"seed {seed}: {shown}, {seconds[-1]:.0f} s")
    lines = [
        record.Line(ROW, "lamina", f"{name}, {part}", "s", float(np.median(seconds)), runs=len(seconds),
                    quality=float(np.mean(values)), quality_deviation=float(np.std(values)),
                    note=" ".join(arguments.keys), seeds=" ".join(map(str, arguments.seeds)))
        for name, values in found.items()
    ]  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
