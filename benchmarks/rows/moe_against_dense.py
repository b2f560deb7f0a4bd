"""Row "MoE against dense": 8 experts, of which a token passes 2, and the dense network of equal cost.

Tiny-shakespeare by characters through `lamina.fit`, task language: `moe` and `gpt` of one size and depth. An
expert is half as wide as the feed-forward layer of `gpt`, so that a token passes equally many weights; the
mixture has 4 times as many in its feed-forward layers. Same tokens, steps, seeds and keys. Quality: the
validation loss in nats a character, on the last tenth of the training text; the test text is left alone. The
note says how evenly experts were used: the largest and the least share over the even one, of all layers.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lamina
from benchmarks import machine, record
from lamina.tasks.language.balance import expert_loads

ROW = "moe_against_dense"
HELD_OUT = 0.1
MODELS = ("gpt", "moe")
WINDOWS = 64  # over which balance is measured


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--size", type=int, default=128, help="features of a token (default %(default)s)")
    parser.add_argument("--depth", type=int, default=3, help="blocks (default %(default)s)")
    parser.add_argument("--context", type=int, default=64, help="tokens read at once (default %(default)s)")
    parser.add_argument("--batch", type=int, default=32, help="windows of a step (default %(default)s)")
    parser.add_argument("--steps", type=int, default=2000, help="of training (default %(default)s)")
    parser.add_argument("--dropout", type=float, default=0.1, help="(default %(default)s)")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="few characters and steps: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.size, arguments.depth, arguments.steps, arguments.seeds = 32, 2, 20, [0]
    return arguments


def training_text(arguments: argparse.Namespace) -> str:
    """Return the first nine tenths of tiny-shakespeare."""
    path = Path(os.environ.get("LAMINA_DATA", "")) / "tinyshakespeare" / "input.txt"
    if not path.is_file():
        sys.exit("no tinyshakespeare in $LAMINA_DATA")
    text = path.read_text()
    return text[: 20_000 if arguments.quick else int(len(text) * (1 - HELD_OUT))]


def keys_of(model: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keys of a fit."""
    epochs = 8 if arguments.steps >= 80 else 1
    given = dict(pair.split("=", 1) for pair in arguments.keys)
    return {
        "task": "language", "model": model, "size": arguments.size, "depth": arguments.depth,
        "context": arguments.context, "batch_size": arguments.batch, "dropout": arguments.dropout,
        "steps_per_epoch": arguments.steps // epochs, "epochs": epochs, "valid": HELD_OUT, **given,
    }  # fmt: skip


def fitted(model: str, seed: int, source: Path, arguments: argparse.Namespace) -> record.Line:
    """Fit once; return the line that says what came out."""
    began = time.perf_counter()
    net = lamina.fit(source, seed=seed, **keys_of(model, arguments))
    seconds, loss = time.perf_counter() - began, float((net.info.valid or {})["loss"])
    text, note = source.read_text(), f"{net.parameters:,} parameters, {net.info.steps} steps"
    (encoder,) = net.encoder.encoders.values()
    ids = encoder.tokens.encode([text[-WINDOWS * arguments.context * 4 :]]).ids[: WINDOWS * arguments.context]
    ids = ids.reshape(-1, arguments.context).astype("int32")
    loads = expert_loads(net.model, {"ids": ids, "scale": (ids >= 0).astype("float32")})
    if loads is not None:
        even = loads.shape[1]
        note += f", shares {loads.min() * even:.2f} to {loads.max() * even:.2f} of the even one"
    machine.say(f"{model}, seed {seed}: validation loss {loss:.4f}, {seconds:.0f} s, {note}")
    return record.Line(ROW, "lamina", model, "s", seconds, quality=loss, seeds=str(seed), note=note)


def main() -> None:
    arguments = parse()
    idle, lines = machine.is_idle(force=arguments.force, wait=arguments.wait), []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "input.txt"
        source.write_text(training_text(arguments))
        for seed in arguments.seeds:
            lines += [fitted(model, seed, source, arguments) for model in arguments.models]
    for model in arguments.models:
        losses = [line.quality for line in lines if line.variant == model]
        machine.say(f"{model}: mean validation loss {statistics.fmean(losses):.4f} of {len(losses)} seeds")
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
