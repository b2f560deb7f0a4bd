"""Tokens that a GPT writes, by Lamina.

Options: shape, prompts, tokens, weights, mode (weights, race, texts).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders import lamina_gpt
from lamina.core.random import make_key
from lamina.core.tree import named_arrays, parameter_count, with_arrays
from lamina.tasks.language.generate import GrowingTexts
from lamina.tasks.language.sampling import Sampling
from lamina.tasks.language.verbs import WritingKeys

DEVIATION = 0.2  # of the weights: so large that tokens differ from place to place


def random_model(shape: Mapping[str, int]) -> Any:
    """Return a network whose weights are all random, those of normalizations around one."""
    model, random = lamina_gpt.make(shape, 0), np.random.default_rng(0)

    def drawn(name: str, array: Any) -> np.ndarray:
        mean = 1.0 if name.endswith("weight") and ("ln_" in name or "norm" in name) else 0.0
        return (mean + DEVIATION * random.normal(size=array.shape)).astype(np.float32)

    return with_arrays(model, {name: drawn(name, array) for name, array in named_arrays(model).items()})


def written(model: Any, chosen: Mapping[str, Any]) -> list[list[int]]:
    """Return the likeliest tokens after the prompts, as ``lamina generate`` at temperature 0."""
    sampling, numbers = Sampling.of(WritingKeys(temperature=0.0))
    texts = GrowingTexts(model, chosen["shape"]["time"], sampling, numbers, make_key(0))
    found: list[list[int]] = []
    for found in texts.extended(chosen["prompts"], chosen["tokens"]):  # noqa: B007
        pass
    return [row[len(given) :] for row, given in zip(found, chosen["prompts"], strict=True)]


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    if chosen["mode"] == "weights":
        model = random_model(chosen["shape"])
        np.savez(chosen["weights"], **named_arrays(model))
        channel.send(parameters=parameter_count(model))
        return
    began = time.perf_counter()
    model = jax.device_put(with_arrays(lamina_gpt.make(chosen["shape"], 0), datasets.load(chosen["weights"])))
    if chosen["mode"] == "texts":
        channel.send(texts=written(model, chosen))
        return
    while True:
        written(model, chosen)
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()
        began = time.perf_counter()


if __name__ == "__main__":
    main()
