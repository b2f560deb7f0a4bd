"""Row "language": tiny-shakespeare by characters, first 90 % for training, last 10 % as test.

``--nano`` trains nanoGPT's small configuration for a CPU (4 layers, width 128, context 64, batch 12, 2,000
steps of AdamW); without it the defaults of `lamina.fit` are used. Losses are nats a character. Where the test
text judges, nothing is held out for validation: the play in which that text begins stands just before it.

Keys are chosen with ``--valid-only``, which leaves the test text alone: the last tenth of the training text
validates; with ``--unseen`` the end of the first play, of which the rest does not train either.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import lamina
from benchmarks import machine, nano, record

ROW = "language"
SECOND_PLAY = "GLOUCESTER:\nNow is the winter"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nano", action="store_true", help="nanoGPT's small configuration")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--valid-only", action="store_true", help="leave the test text alone")
    parser.add_argument("--unseen", action="store_true", help="validate by a play that does not train")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="few characters: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.unseen and (arguments.quick or not arguments.valid_only):
        parser.error("--unseen goes with --valid-only, on the whole text")
    return arguments


def texts(arguments: argparse.Namespace) -> tuple[str, str, float]:
    """Return the text that is learned from, the one that judges, and what share of the first validates."""
    text, cut = nano.shakespeare()
    if arguments.unseen:  # the end of what is learned from validates: the end of the first play goes there
        behind, held = text.index(SECOND_PLAY), int(cut * nano.HELD_OUT)
        learned = text[behind:cut] + text[behind - held : behind]
        return learned, text[cut:], held / len(learned)
    share = nano.HELD_OUT if arguments.valid_only else 0.0
    return (
        (text[:20_000], text[cut : cut + 5_000], share)
        if arguments.quick
        else (text[:cut], text[cut:], share)
    )


def keys_of(arguments: argparse.Namespace, valid: float) -> dict[str, object]:
    """Return the keys of a fit."""
    given = dict(pair.split("=", 1) for pair in arguments.keys)
    return {"valid": valid, **(nano.KEYS if arguments.nano else {}), **given}


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    learned, judge, valid = texts(arguments)
    lines: list[record.Line] = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            source, test = Path(folder) / "input.txt", Path(folder) / "test.txt"
            source.write_text(learned)
            test.write_text(judge)
            began = time.perf_counter()
            net = lamina.fit(source, seed=seed, **keys_of(arguments, valid))
            seconds = time.perf_counter() - began
            found = net.info.valid if arguments.valid_only else net.evaluate(test)
            sample = "".join(net.generate(prompt="ROMEO:\n", tokens=300, seed=seed))
        variant = ("nano" if arguments.nano else "default") + (" valid" if arguments.valid_only else "")
        metrics = {name: float(value) for name, value in (found or {}).items() if value is not None}
        trained = net.history["train_loss"][-1]
        said = (
            f"{net.parameters:,} parameters, {net.info.steps} steps, {seconds:.0f} s, training {trained:.3f}"
        )
        machine.say(f"{variant}, seed {seed}: {metrics}, {said}\n{sample}")
        lines.append(record.Line(ROW, "lamina", variant, "s", seconds, quality=metrics["loss"],
                                 seeds=str(seed), note=said))  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
