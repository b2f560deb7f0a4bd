"""Row "kernels": products of populations, whole layers, depthwise convolutions, GELU, attention, layer
normalization, cross-entropy, bags of embeddings, selective scans and Adam's updates by our kernels and by
XLA; convolutions of 3 x 3 taps by Winograd's tiles and tap by tap.

Milliseconds of a call, alternating inside one process; `first` is tracing and compiling. What decides
where `lamina.ops` uses which.
"""

from __future__ import annotations

import argparse
import itertools
import math
from typing import Any

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender

FORWARD, INPUT, WEIGHT = [False, True], [False, False], [True, False]  # which sides are transposed
NONE, LEFT, RIGHT = [False, False], [True, False], [False, True]  # which side all members share
PRODUCTS = [  # members, rows, depth, columns
    ((256, 128, 64, 32), FORWARD, LEFT),
    ((256, 128, 32, 10), FORWARD, NONE),
    ((256, 128, 10, 32), INPUT, NONE),
    ((256, 32, 128, 64), WEIGHT, RIGHT),
    ((256, 10, 128, 32), WEIGHT, NONE),
    ((64, 128, 64, 64), FORWARD, NONE),
    ((64, 128, 128, 128), FORWARD, NONE),
    ((64, 128, 128, 128), INPUT, NONE),
    ((64, 128, 128, 128), WEIGHT, NONE),
    ((16, 128, 256, 256), FORWARD, NONE),
    ((16, 128, 256, 256), WEIGHT, NONE),
    ((8, 128, 784, 256), FORWARD, LEFT),
    ((8, 256, 128, 784), WEIGHT, RIGHT),
    ((5, 256, 192, 192), FORWARD, NONE),
    ((64, 256, 32, 32), FORWARD, NONE),
    ((64, 1024, 16, 16), FORWARD, NONE),
    ((1, 128, 784, 256), FORWARD, NONE),
    ((1, 256, 128, 784), WEIGHT, NONE),
    ((1, 8192, 192, 192), FORWARD, NONE),
    ((1, 8320, 192, 768), FORWARD, NONE),
    ((1, 8320, 768, 192), FORWARD, NONE),
    ((1, 8320, 192, 768), INPUT, NONE),
    ((1, 8320, 768, 192), INPUT, NONE),
    ((1, 2048, 256, 1024), FORWARD, NONE),
    ((1, 2048, 2048, 2048), FORWARD, NONE),
    ((1, 2048, 2048, 2048), INPUT, NONE),
]
LAYERS = [  # members, rows, inputs, outputs
    (256, 128, 64, 32),
    (64, 128, 128, 128),
    (1, 128, 784, 256),
    (1, 128, 256, 256),
    (1, 2048, 256, 256),
]
DEPTHWISE = [
    ((32, 32, 96), 7),
    ((32, 16, 192), 7),
    ((32, 32, 64), 3),
    ((32, 16, 256), 3),
]  # batch, side, channels
CONVOLUTIONS = [
    (128, 32, 16, 16),
    (128, 31, 24, 64),
    (128, 32, 64, 64),
    (128, 16, 128, 128),
    (128, 15, 64, 256),
    (128, 7, 256, 256),
    (128, 3, 256, 256),
    (128, 4, 512, 512),
    (32, 56, 64, 64),
    (1, 32, 64, 64),
]  # batch, side, channels, outputs
PARTS = ("", "_input_gradient", "_weight_gradient")
# layers, rows, columns
ADAM = [(1, 1, 8), (3, 8, 8), (3, 64, 64), (3, 256, 256), (12, 192, 192), (48, 192, 192), (4, 512, 4608)]
GELU = [(128, 256), (500, 15, 15, 64), (8320, 768)]
ATTENTION = [(128, 65, 3, 64), (256, 9, 4, 24), (32, 197, 3, 64), (4, 512, 8, 64), (1, 512, 8, 64)]
LAYER_NORM = [(1024, 64), (8320, 192), (2304, 768)]  # rows, width
CROSS_ENTROPY = [(2048, 10), (32768, 10), (4096, 64)]  # rows, classes
EMBEDDING_BAG = [  # symbols, width, rows, entries
    (20000, 64, 32, 32),
    (20000, 64, 1024, 1500),
    (50000, 128, 256, 400),
    (200000, 256, 64, 200),
]
SELECTIVE_SCAN = [
    (1, 64, 64, 16),
    (8, 1024, 128, 16),
    (1, 8192, 256, 16),
    (4, 1024, 256, 64),
]  # batch, time, d, n
TOLERANCE = 1e-4  # of the largest value
TURN_WORK = 2e8  # multiplications of a turn, about


def cases() -> list[dict[str, Any]]:
    """Return everything that is measured."""
    found = []
    for sizes, transposed, shared in PRODUCTS:
        members, rows, depth, columns = sizes
        side = {(False, True): "x·Wᵀ", (False, False): "y·W", (True, False): "yᵀ·x"}[tuple(transposed)]
        found.append({
            "name": f"product {members} x {rows} x {depth} x {columns}, {side}",
            "kind": "product", "sizes": sizes,
            "options": {"transposed": transposed, "shared": shared}, "work": members * rows * depth * columns,
        })  # fmt: skip
    for sizes in LAYERS:
        members, rows, inputs, outputs = sizes
        found.append({
            "name": f"layer and gradients {members} x {rows} x {inputs} to {outputs}", "kind": "layer",
            "sizes": sizes, "options": {}, "work": 3 * members * rows * inputs * outputs,
        })  # fmt: skip
    for (batch, side, channels), taps in DEPTHWISE:
        for gradient in (False, True):
            name = f"depthwise {batch} x {side} x {side} x {channels}, {taps} x {taps}"
            found.append({
                "name": name + (", gradients" if gradient else ""), "kind": "depthwise",
                "sizes": (batch, side, channels), "options": {"taps": taps, "gradient": gradient},
                "work": batch * side * side * channels * taps * taps * (3 if gradient else 1),
            })  # fmt: skip
    for (batch, side, channels, outputs), part in itertools.product(CONVOLUTIONS, PARTS):
        name = f"convolution{part.replace('_', ' ')} {batch} x {side} x {side} x {channels} to {outputs}"
        found.append({
            "name": name, "kind": "convolution",
            "sizes": (batch, side, channels, outputs), "options": {"part": part},
            "work": 9 * batch * side * side * channels * outputs,
        })  # fmt: skip
    for layers, rows, columns in ADAM:
        found.append({
            "name": f"ten steps of adam, {layers} x {rows} x {columns}", "kind": "adam",
            "sizes": (layers, rows, columns), "options": {}, "work": 200 * layers * rows * columns,
        })  # fmt: skip
    for sizes in GELU:
        found.append({
            "name": f"gelu and slope {' x '.join(map(str, sizes))}", "kind": "gelu", "sizes": sizes,
            "options": {}, "work": 200 * math.prod(sizes),
        })  # fmt: skip
    for sizes in ATTENTION:
        batch, time, heads, width = sizes
        found.append({
            "name": f"attention and gradient {batch} x {time} x {heads} x {width}", "kind": "attention",
            "sizes": sizes, "options": {}, "work": 7 * batch * heads * width * time**2,
        })  # fmt: skip
    for name, all_sizes, each in (("layer norm", LAYER_NORM, 200), ("cross-entropy", CROSS_ENTROPY, 100)):
        for sizes in all_sizes:
            found.append({
                "name": f"{name} and gradient {' x '.join(map(str, sizes))}", "kind": name, "sizes": sizes,
                "options": {}, "work": each * math.prod(sizes),
            })  # fmt: skip
    for sizes, part in itertools.product(EMBEDDING_BAG, ("", "gradient")):
        symbols, width, rows, entries = sizes
        name = f"embedding bag {symbols} x {width}, {rows} x {entries}"
        found.append({
            "name": name + (", gradient" if part else ""), "kind": "embedding bag", "sizes": sizes,
            "options": {"part": part}, "work": 4 * width * (rows * entries + (symbols if part else 0)),
        })  # fmt: skip
    for sizes, part in itertools.product(SELECTIVE_SCAN, ("", "gradient")):
        name = f"selective scan {' x '.join(map(str, sizes))}"
        found.append({
            "name": name + (", gradient" if part else ""), "kind": "selective scan", "sizes": sizes,
            "options": {"part": part}, "work": (60 if part else 20) * math.prod(sizes),
        })  # fmt: skip
    return [{**case, "calls": max(1, round(TURN_WORK / case["work"]))} for case in found]


def parse() -> argparse.Namespace:
    parser, kinds = argparse.ArgumentParser(description=__doc__), sorted({case["kind"] for case in cases()})
    parser.add_argument("--turns", type=int, default=15, help="counted turns each (default %(default)s)")
    parser.add_argument(
        "--kinds", nargs="*", default=kinds, choices=kinds, metavar="KIND", help="%(choices)s"
    )
    parser.add_argument("--quick", action="store_true", help="two turns: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns = 2
    return arguments


def lines(found: list[dict[str, Any]], versions: str) -> list[record.Line]:
    """Return two lines a case; the ratio is the other way's time over the kernel's."""
    result = []
    for case in found:
        ours = [1e3 * value for value in case["seconds"][0]]
        other = "tap by tap" if case["kind"] == "convolution" else "XLA"
        for way, first, seconds in zip(("kernel", other), case["first"], case["seconds"], strict=True):
            own = [1e3 * value for value in seconds]
            result.append(record.Line(
                row="kernels", contender="lamina", variant=f"{case['name']}, {way}", unit="ms", first=first,
                **record.timed(spread.spread(own)), **record.compared(spread.ratio(own, ours)),
                quality=case["gap"], quality_agrees=case["gap"] < TOLERANCE, versions=versions,
            ))  # fmt: skip
    return result


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    chosen = [case for case in cases() if case["kind"] in arguments.kinds]
    options = {"cases": chosen, "turns": arguments.turns}
    contender = Contender("lamina", "kernels", interpreters.of(arguments, "lamina"), "kernels", options)
    watch = machine.Watch()
    answer = contest.answer(contender)
    record.keep(lines(answer["found"], answer.get("versions", "")), arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
