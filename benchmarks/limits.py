"""The measured limit that stands beside every ratio."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence

from benchmarks import contest, interpreters, machine


def matmul_limit(arguments: argparse.Namespace, *, precision: str = "float32") -> float:
    """Return the best GF/s that any engine reaches in a product of 2048 × 2048 matrices."""
    found = {}
    for engine, package in (("jax", "lamina"), ("torch", "torch")):
        options = {"engine": engine, "precision": precision, "threads": machine.cores()}
        python = interpreters.of(arguments, package)
        found[engine] = contest.answer(contest.Contender(engine, "matmul", python, "limit", options))[
            "gflops"
        ]
        machine.say(f"matmul limit, {engine} {precision}: {found[engine]:.0f} GF/s")
    return max(found.values())


def training_flops(sizes: Sequence[int], rows: int) -> float:
    """Return the multiplications and additions of one pass of training an MLP over ``rows`` rows.

    Forward, gradient of the weights, gradient of the inputs (which the first layer does not need).
    """
    products = [inputs * outputs for inputs, outputs in itertools.pairwise(sizes)]
    return 2.0 * rows * (3 * sum(products) - products[0])
