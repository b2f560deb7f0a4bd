"""Fitting encoders to the rows that are learned from, and what training does to their examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.modalities import MODALITIES
from lamina.modalities.base import Block, Learned
from lamina.modalities.blocks import Encoders, around
from lamina.modalities.gaps import presence
from lamina.network.keys import Config
from lamina.network.plan import Data
from lamina.tasks.audit import Cast

BlockKeys = Mapping[str, Any]  # block name → settled keys of its modality


def fitted(data: Data, cast: Cast, config: Config) -> tuple[Encoders, Any, BlockKeys]:
    """Return encoders and target, fitted to the rows that are learned from, and the keys they settle.

    Args:
        data: table, roles and split.
        cast: task and blocks.
        config: keys of task and modalities.
    """
    rows, encoders, settled = data.learning_rows, {}, {}
    for block in cast.blocks:
        keys, modality = config.modalities[block.modality.name], block.modality
        there = presence(block, data.table, rows) if len(cast.blocks) > 1 else None
        own_rows = rows if there is None else rows[there]
        encoders[block.name] = modality.fit(data.table, block, own_rows, keys)
        own = encoders[block.name]
        learned = Learned(data.table, data.schema, own, own_rows, wants=cast.task.wants)
        settled[block.name] = modality.settle(keys, learned)
    for block in cast.context:
        seen, keys = around(data.table, cast.blocks), config.modalities[block.modality.name]
        encoders[block.name] = block.modality.fit(seen, block, np.arange(seen.height), keys)
    encoder = Encoders(cast.blocks, encoders, cast.context)
    facts = cast.selection.facts if cast.selection else {}
    target = cast.task.fit(Learned(data.table, data.schema, encoder, rows, facts=facts), config.task)
    return encoder, target, settled


def with_settled(config: Config, blocks: Sequence[Block], settled: BlockKeys) -> Config:
    """Return the config with the keys that the blocks of a modality settle alike; others stay open.

    Args:
        config: keys as they were given.
        blocks: of the inputs.
        settled: of each block.
    """
    modalities = dict(config.modalities)
    for block in blocks:
        name = block.modality.name
        alike = [settled[other.name] for other in blocks if other.modality.name == name]
        fields = [field.name for field in dataclasses.fields(alike[0])]
        same = {f: getattr(alike[0], f) for f in fields if len({getattr(own, f) for own in alike}) == 1}
        modalities[name] = dataclasses.replace(config.modalities[name], **same)
    return dataclasses.replace(config, modalities=modalities)


def wrappers(block: Block, keys: Any) -> dict[str, Any]:
    """Return the keys of a block's modality that its model takes as options, those that are off left out.

    Args:
        block: of the inputs.
        keys: settled, of its modality.
    """
    found = {name: getattr(keys, name) for name in MODALITIES[block.modality.name].model_keys}
    return {name: value for name, value in found.items() if value not in (None, "none")}


def augmentation(blocks: Sequence[Block], settled: BlockKeys) -> Any:
    """Return the random changes of training examples: of one block's inputs, or of each block's own.

    Args:
        blocks: of the inputs.
        settled: keys of each block's modality.

    Raises:
        ConfigError: a change mixes examples, which other blocks would not follow.
    """
    found = {block.name: block.modality.augment(settled[block.name]) for block in blocks}
    changes = {name: change for name, change in found.items() if change is not None}
    if len(blocks) == 1 or not changes:
        return next(iter(changes.values()), None)
    from lamina.train.step.program import AbstractAugmentation, BlockAugmentation

    for name, change in changes.items():
        if isinstance(change, AbstractAugmentation) and change.mixes_examples:
            message = f"an augmentation of '{name}' mixes two examples, which the other blocks do not follow"
            raise ConfigError(
                message, fix="leave it out of augment= where there are several blocks of inputs"
            )
    return BlockAugmentation(tuple(changes.items()))
