"""What people do with a generator: draw new samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError, suggest
from lamina.core.inputs import NO_LABEL
from lamina.core.keys import NOT_NEGATIVE, POSITIVE, key, up_to
from lamina.tasks.base import Verb
from lamina.tasks.samples.space import AbstractSamples
from lamina.tasks.samples.verbs import GIVES_SAMPLES

if TYPE_CHECKING:
    from lamina.objectives.samples import Sampling

MOST_SAMPLES, MOST_STEPS = 10_000_000, 10_000


@dataclass(frozen=True)
class SampleKeys:
    """The keys of drawing samples."""

    n: int = key(16, "how many samples", **up_to(MOST_SAMPLES))
    label: str | None = key(
        None, "class of the samples, where the network knows classes; all of them without"
    )
    steps: int | None = key(None, "evaluations of the network a sample: diffusion, flow", **up_to(MOST_STEPS))
    guidance: float = key(1.0, "how much the class counts; above 1 it shows more", **NOT_NEGATIVE)
    sampler: str | None = key(None, "what solves for a sample, such as ddim: diffusion, flow")
    temperature: float = key(1.0, "factor on the noise that samples are made of", **POSITIVE)
    seed: int = key(0, "decides the noise: the same seed gives the same samples", **NOT_NEGATIVE)


def sample(network: Any, keys: SampleKeys) -> AbstractSamples:
    """Return new samples in the form of the training data.

    Args:
        network: trained.
        keys: how many, and how.

    Raises:
        ConfigError: the network knows no such class, or its method has no such key.
    """
    from lamina.tasks.generate.sampling import draw

    target, objective = network.target, network.objective
    labels = classes_of(target, keys.n, keys.label, seed=keys.seed)
    values = draw(objective, network.model, labels, _sampling(objective, keys), seed=keys.seed)
    return target.space.samples(values, [target.labels[code] for code in labels] if target.labels else None)


def classes_of(target: Any, count: int, label: Any = None, *, seed: int) -> np.ndarray:
    """Return the class of each sample, int32: as asked for, else as frequent as in training; or -1.

    Args:
        target: of the network.
        count: how many samples.
        label: a class, or None.
        seed: decides the classes.

    Raises:
        ConfigError: there is no such class.
    """
    if label is not None or not target.labels:
        return np.full(count, _code(target, label), np.int32)
    drawn = np.random.default_rng(seed).choice(len(target.labels), count, p=target.shares)
    return drawn.astype(np.int32)


def _code(target: Any, label: Any) -> int:
    """Return the code of a class.

    Raises:
        ConfigError: there is no such class.
    """
    if label is None:
        return NO_LABEL
    words = [str(own) for own in target.labels]
    if not words:
        fix = "leave the label out, or train with the column of classes as --target"
        raise ConfigError("this network knows no classes", received=f"label={label}", fix=fix)
    if str(label) not in words:
        message = f"no class is called '{label}'{suggest(str(label), words)}"
        raise ConfigError(message, expected="one of " + ", ".join(words[:20]))
    return words.index(str(label))


def _sampling(objective: Any, keys: SampleKeys) -> Sampling:
    """Return how samples are drawn.

    Raises:
        ConfigError: the method has no such key.
    """
    from lamina.objectives.samples import Sampling

    if not objective.takes_steps:
        for name in ("steps", "sampler"):
            if getattr(keys, name) is not None:
                message = f"this network draws a sample in one evaluation, so it has no {name}"
                raise ConfigError(message, fix=f"leave {name} out")
    elif keys.sampler is not None and keys.sampler not in objective.samplers:
        message = f"unknown sampler '{keys.sampler}'{suggest(keys.sampler, objective.samplers)}"
        raise ConfigError(message, expected="one of " + ", ".join(objective.samplers))
    if keys.guidance != 1.0 and (keys.label is None or not objective.takes_steps):
        message = "guidance makes a class count more" if keys.label is None else "this method has no guidance"
        fix = "name a class, label=, or leave guidance out" if keys.label is None else "leave guidance out"
        raise ConfigError(message, received=f"guidance={keys.guidance}", fix=fix)
    return Sampling(keys.steps, keys.guidance, keys.sampler, keys.temperature)


VERBS = {
    "sample": Verb(
        "draw new samples",
        SampleKeys,
        sample,
        "--n 64 --out samples.png",
        **GIVES_SAMPLES,
    )
}
