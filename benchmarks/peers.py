"""In how many ways PyTorch takes part, so that the best of them is found.

Products of float32 have a precision of their own: ``highest`` computes them as they are, ``medium`` rounds
operands to bfloat16. Which is faster depends on their sizes: small products take longer to round than to
compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import machine

MATMULS = ("highest", "medium")


def ways(variants: Sequence[str], *, precision: str = "float32") -> list[tuple[str, dict[str, Any]]]:
    """Return a name and options of every variant, with each precision of its products.

    Args:
        variants: how the network is run.
        precision: ``bfloat16``, and a variant that is called ``autocast``, leave few float32 products: these
            have one precision.
    """
    found = []
    for variant in variants:
        rounds = precision == "bfloat16" or "autocast" in variant
        for matmul in MATMULS[1:] if rounds else MATMULS:
            name = ", ".join(filter(None, [variant, "" if rounds else matmul]))
            found.append((name, {"variant": variant, "threads": machine.cores(), "matmul": matmul}))
    return found
