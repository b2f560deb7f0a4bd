"""How evenly the experts of a network are used, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Matrix, Paragraph, Plot, Section
from lamina.modalities.base import Outcome

LOADS = "*load"  # taps of mixtures of experts
MOST_PASSAGES = 256
MOST_TEXTS = 16  # experts up to which shares are written into the cells


def balance_sections(outcome: Outcome) -> list[Section]:
    """Return the share of tokens of each expert; nothing for networks without experts.

    Args:
        outcome: of the run.
    """
    table = outcome.training
    x = outcome.transform(table.take(np.arange(min(table.height, MOST_PASSAGES))))
    loads = expert_loads(outcome.model, x)
    if loads is None:
        return []
    layers, experts = loads.shape
    even = 1 / experts
    texts = tuple(tuple(f"{share:.0%}" for share in row) for row in loads) if experts <= MOST_TEXTS else ()
    matrix = Matrix(
        np.minimum(loads / (2 * even), 1.0),
        tuple(f"layer {number + 1}" for number in range(layers)),
        tuple(f"{number + 1}" for number in range(experts)),
        texts,
    )
    words = (
        f"Share of the choices of training tokens that each expert got. Even would be {even:.1%}; the most "
        f"used has {loads.max() / even:.2f} times as much, the least used {loads.min() / even:.2f} times."
    )
    plot = Plot("expert_balance", "Tokens of each expert", (matrix,), alt=words)
    return [Section("How evenly its experts are used", (Paragraph(words), plot))]


def expert_loads(model: Any, x: Any) -> np.ndarray | None:
    """Return the share of choices of each expert, (layers, experts); None where there are no experts.

    Args:
        model: a network.
        x: its inputs.
    """
    import jax

    from lamina.core.taps import observe

    def loads(model: Any, x: Any) -> dict[str, Any]:
        return observe(model, LOADS, strict=False)(x)[1]

    if not jax.eval_shape(loads, model, x):
        return None
    found = jax.device_get(jax.jit(loads)(model, x))
    experts = {value.shape[-1] for value in found.values()}
    rows = [value.reshape(-1, value.shape[-1]) for value in found.values()]
    return np.concatenate(rows) if len(experts) == 1 else None
