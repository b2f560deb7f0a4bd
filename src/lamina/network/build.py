"""Building: a registered architecture, or ensembles of it, from stored options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.core.module import Module
from lamina.core.random import split
from lamina.models import MODELS
from lamina.nn.augmented import Augmented
from lamina.nn.ensemble import Ensemble


def build_model(
    name: str, inputs: Any, outputs: int, options: Mapping[str, Any], key: Any, *, wants: str
) -> Module:
    """Build a registered architecture, or ensembles of it.

    ``members`` makes an ensemble where the architecture has no members of its own, ``folds`` one network
    for each fold of cross-validation, ``test_time_augmentation`` averages over views at prediction.

    Args:
        name: name in the registry.
        inputs: what the encoder gives.
        outputs: numbers the objective asks for.
        options: options of the architecture; ``size``, ``members`` and ``folds`` among them.
        key: random key.
        wants: the outputs, one of `lamina.core.wanted.WANTED`.
    """
    spec, options = MODELS[name], dict(options)
    folds = options.pop("folds", 1)
    if folds > 1:
        return Ensemble(
            [build_model(name, inputs, outputs, options, k, wants=wants) for k in split(key, folds)]
        )
    augmented = options.pop("test_time_augmentation", "none")
    if augmented != "none":
        return Augmented(build_model(name, inputs, outputs, options, key, wants=wants), kind=augmented)
    members = 1 if "members" in spec.options else options.pop("members", 1)
    if members > 1:
        return Ensemble(
            [spec.build(inputs, outputs, wants=wants, key=k, **options) for k in split(key, members)]
        )
    return spec.build(inputs, outputs, wants=wants, key=key, **options)
