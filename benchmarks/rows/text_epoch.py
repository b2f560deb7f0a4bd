"""Row "text epoch": 10,000 texts of 200 words, one epoch of the default network of texts.

Texts are messages of ``sms_spam`` and ``banking77`` in ``$LAMINA_DATA``, put together at random until each
has 200 words; two classes. Cutting texts into n-grams is timed by itself; the race is about training. Torch
runs the same network and batch size on arrays without padding, with dense gradients and fused Adam, and with
sparse ones and SparseAdam. Ratio: torch's fastest variant ÷ Lamina.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender
from benchmarks.rows.texts import splits_of

ROW = "text_epoch"
TEXTS, WORDS, CLASSES = 10_000, 200, 2
VARIANTS = ("dense", "sparse")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7, help="counted epochs each (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="few texts, two turns: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns = 2
    return arguments


def long_texts(count: int) -> list[str]:
    """Return texts of 200 words made of short messages."""
    messages = [text for name in ("sms_spam", "banking77") for text in next(splits_of(name))[0][0]]
    random, found = np.random.default_rng(0), []
    for _ in range(count):
        words: list[str] = []
        while len(words) < WORDS:
            words += messages[int(random.integers(len(messages)))].split()
        found.append(" ".join(words[:WORDS]))
    return found


def encoded(count: int) -> tuple[dict[str, np.ndarray], Any, float]:
    """Return arrays of the texts, what a model is told of them, and the seconds of learning and cutting."""
    from lamina.data import read
    from lamina.modalities.text.encoder import TextEncoder

    table, began = read({"text": np.array(long_texts(count), object)}), time.perf_counter()
    encoder = TextEncoder.fit(table, "text")
    x = encoder.transform(table)
    seconds = time.perf_counter() - began
    labels = np.random.default_rng(1).integers(0, CLASSES, count)
    return {**x, "y": labels, "weight": np.ones(count, np.float32)}, encoder.inputs, seconds


def main() -> None:
    from benchmarks.contenders.lamina_texts import chosen_for

    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    count = 1000 if arguments.quick else TEXTS
    arrays, inputs, seconds = encoded(count)
    held = float((arrays["ids"] >= 0).sum(axis=1).mean())
    machine.say(f"{inputs.symbols:,} n-grams, {held:.0f} a text, cut in {seconds:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "texts.npz")
        np.savez(path, **arrays)
        shared = {"data": path, "symbols": inputs.symbols, "classes": CLASSES}
        batch = chosen_for(inputs, count, CLASSES).keys["batch_size"]
        ours = Contender("lamina", "train", interpreters.of(arguments, "lamina"), "lamina_texts", shared)
        torch = interpreters.of(arguments, "torch")
        theirs = [
            Contender("torch", variant, torch, "torch_texts",
                      {**shared, "batch": batch, "variant": variant, "threads": machine.cores()})
            for variant in VARIANTS
        ]  # fmt: skip
        race = contest.race([ours, *theirs], turns=arguments.turns)
    mine, best = race.best("lamina"), race.best("torch")
    lines = [
        record.Line(ROW, timing.contender.name, timing.contender.variant, "s", first=timing.first,
                    **record.timed(spread.spread(timing.seconds)),
                    **record.compared(spread.ratio(timing.seconds, mine.seconds)),
                    versions=timing.versions, note="torch's best" if timing is best else "")
        for timing in race.timings
    ]  # fmt: skip
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
