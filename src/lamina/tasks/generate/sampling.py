"""Drawing samples from a trained network."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.inputs import NO_LABEL

if TYPE_CHECKING:
    from lamina.objectives.samples import Sampling

MOST_VALUES = 1 << 17  # of a batch of samples
MOST_BATCH = 1 << 12


def draw(objective: Any, model: Any, labels: np.ndarray, sampling: Sampling, *, seed: int) -> np.ndarray:
    """Return samples in the units of models, float32 (n, *shape).

    They are drawn in batches of one size, each from a key of its own; the same seed gives the same samples.

    Args:
        objective: of generation.
        model: trained.
        labels: class of each sample, -1 for any.
        sampling: how.
        seed: decides the noise.
    """
    import jax

    from lamina.core import runtime
    from lamina.core.hashing import hashed_keys

    runtime.start()
    count = len(labels)
    most = max(1, min(MOST_BATCH, MOST_VALUES // objective.out_features))
    # Between two samples nothing may stand behind the last; else few sizes of batches compile.
    size = count if sampling.between else min(most, 1 << max(0, count - 1).bit_length())
    batches = -(-count // size)
    padded = np.full(batches * size, NO_LABEL, np.int32)
    padded[:count] = labels
    found = []
    for batch, key in zip(padded.reshape(batches, size), hashed_keys(seed, batches), strict=True):
        found.append(np.asarray(jax.device_get(_drawn()(objective, sampling, model, batch, key)), np.float32))
    return np.concatenate(found)[:count]


@functools.cache
def _drawn() -> Any:
    import jax

    def drawn(objective: Any, sampling: Sampling, model: Any, labels: Any, key: Any) -> Any:
        return objective.sample(model, labels, sampling, key=key)

    return jax.jit(drawn, static_argnums=(0, 1))
