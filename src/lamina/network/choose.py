"""Which model learns, with which options and keys: as the modality of the inputs chooses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from lamina.core.errors import ConfigError
from lamina.core.inputs import Inputs
from lamina.core.module import Module
from lamina.core.wanted import WANTED
from lamina.data.split import Split
from lamina.modalities.base import Block, Choice, Situation
from lamina.modalities.blocks import Encoders
from lamina.models import MODELS
from lamina.network import fuse
from lamina.network.coding import BlockKeys
from lamina.network.keys import MIXED, Config, Keys
from lamina.network.plan import Data
from lamina.tasks.audit import Cast
from lamina.tasks.base import AbstractTarget
from lamina.tasks.guide import wanted


def choose(
    cast: Cast,
    coded: tuple[Encoders, AbstractTarget],
    config: Config,
    data: Data,
    *,
    own: Module | None,
    settled: BlockKeys,
    left: Keys,
) -> tuple[Choice, Keys]:
    """Return model, options and keys, and the keys that are left for the model.

    One block is learned by the model that its modality chooses; several by a fusion of such models.

    Args:
        cast: task and blocks.
        coded: encoders and target, fitted.
        config: keys of the run.
        data: of which sizes are used.
        own: a model of one's own, or None.
        settled: block name → keys of its modality.
        left: keys that only a model may own.

    Raises:
        ConfigError: the model is not for such inputs, or a key for none of the models.
    """
    (encoder, target), limit = coded, config.training.time_limit
    inputs = cast.task.guide.inputs(encoder.inputs, target)
    situation = Situation(
        inputs=inputs,
        examples=len(data.split.train),
        target_kind=data.schema.target_kind,
        classes=len(target.labels),
        preset=config.run.preset,
        seconds=None if limit is None else limit / len(data.folds),
        model=config.run.model if own is None else "",
        wants=wanted(cast.task, target),
        blocks=len(cast.blocks),
        keys=config.task,
    )
    if encoder.is_mixed:
        fusing = fuse.Fusing(cast.blocks, encoder, situation, settled)
        choice, left = fusing.choose(left) if own is None else (fusing.keys_only(), left)
    else:
        choice = cast.task.guide.choose(situation, cast.blocks, target)
    if own is not None:
        return dataclasses.replace(choice, model=type(own).__name__, variants=({},)), left
    _check(choice, cast, inputs, situation.wants)
    return dataclasses.replace(choice, keys={**choice.keys, **MODELS[choice.model].defaults}), left


def _check(choice: Choice, cast: Cast, inputs: Inputs, wants: str) -> None:
    """Refuse a model that takes other inputs, or gives other outputs than the task wants.

    Raises:
        ConfigError: naming those that would do.
    """
    spec = MODELS[choice.model]
    if type(inputs) not in spec.takes:
        known = [name for name in MODELS if type(inputs) in MODELS[name].takes]
        names = [block.name for block in cast.blocks]
        what = f"{cast.blocks[0].modality.name}s"
        if len(names) > 1:
            what = f"several blocks of inputs ({', '.join(names)})"
        raise ConfigError(
            f"model '{choice.model}' is not for {what}",
            expected="one of " + ", ".join(sorted(known)),
            fix=f"to say what reads a block: networks={names[-1]}:{choice.model}" if len(names) > 1 else "",
        )
    if wants not in spec.gives:
        known = [name for name in MODELS if wants in MODELS[name].gives]
        known = [name for name in known if type(inputs) in MODELS[name].takes] or known
        raise ConfigError(
            f"model '{choice.model}' is not for the task {cast.task.name}, which wants {WANTED[wants]}",
            expected="one of " + ", ".join(sorted(known)),
        )


def preset_folds(blocks: Sequence[Block], split: Split, config: Config) -> int:
    """Return how many folds a preset trains: those of the only block's modality.

    Args:
        blocks: of the inputs.
        split: of which the training rows are counted.
        config: of which the preset is used.
    """
    if len(blocks) != 1:
        return 1
    modality = blocks[0].modality
    within = len(split.train) <= modality.most_for_folds
    return modality.folds.get(config.run.preset, 1) if within else 1


def takes(blocks: Sequence[Block]) -> str:
    """Return what kind of inputs a model has to take: those of the only block's modality, or several blocks.

    Args:
        blocks: of the inputs.
    """
    return blocks[0].modality.name if len(blocks) == 1 else (MIXED if blocks else "")
