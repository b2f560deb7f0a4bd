"""The choice for several blocks of inputs: a model for each, and keys that suit them together."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.core.errors import ConfigError, suggest
from lamina.core.keys import make_keys
from lamina.core.wanted import ONE
from lamina.modalities.base import Block, Choice, Situation
from lamina.modalities.blocks import Encoders
from lamina.models import MODELS
from lamina.network.coding import BlockKeys, wrappers
from lamina.network.keys import AUTO, Keys

FUSION, NETWORKS, MODEL = "fusion", "networks", "model"


@dataclass(frozen=True)
class Fusing:
    """What a fusion is chosen for.

    Args:
        blocks: of the inputs, two or more.
        encoder: fitted.
        situation: of the whole.
        settled: block name → keys of its modality.
    """

    blocks: Sequence[Block]
    encoder: Encoders
    situation: Situation
    settled: BlockKeys

    def choose(self, left: Keys) -> tuple[Choice, Keys]:
        """Return the fusion of the models that the modalities choose, and the keys left for its head.

        Args:
            left: keys that only a model may own.

        Raises:
            ConfigError: a key says something that suits no block.
        """
        name = self.situation.model
        if name not in (AUTO, FUSION):
            return Choice(name), left
        asked = read_networks(left.get(NETWORKS), [block.name for block in self.blocks])
        choices = {
            block.name: self._choice_of(block, str(asked.get(block.name, {}).get(MODEL, AUTO)))
            for block in self.blocks
        }
        given, left = self._given(choices, asked, left)
        networks = {}
        for block in self.blocks:
            choice, spec = choices[block.name], MODELS[choices[block.name].model]
            options = {"size": spec.size, **spec.options, **choice.options, **given[block.name]}
            options |= wrappers(block, self.settled[block.name]) | _of_modality(block, asked)
            known = {option: value for option, value in options.items() if value is not None}
            networks[block.name] = {MODEL: choice.model, **known}
        reasons = [f"{name} ({choice.model}: {choice.reason})" for name, choice in choices.items()]
        reason = f"fusion of {', '.join(reasons[:-1])} and {reasons[-1]}"
        keys = self._merged(choices)
        return Choice(FUSION, {NETWORKS: networks}, keys, reason), {**left, NETWORKS: networks}

    def keys_only(self) -> Choice:
        """Return keys of training for a model of one's own."""
        choices = {block.name: self._choice_of(block, "") for block in self.blocks}
        return Choice("", keys=self._merged(choices), reason="a model of your own")

    def _choice_of(self, block: Block, model: str) -> Choice:
        """Return what the modality of a block chooses for it alone."""
        cells = sum(not other.modality.shares_block for other in self.blocks)
        seconds = self.situation.seconds
        own = dataclasses.replace(
            self.situation,
            inputs=self.encoder.encoders[block.name].inputs,
            model=model,
            seconds=seconds if seconds is None else seconds / max(1, cells),
        )
        choice = block.modality.choose(own)
        if not model:
            return choice
        spec = MODELS[choice.model]
        if type(own.inputs) not in spec.takes or ONE not in spec.gives:
            known = [n for n in MODELS if type(own.inputs) in MODELS[n].takes and ONE in MODELS[n].gives]
            raise ConfigError(
                f"model '{choice.model}' is not for the block '{block.name}'",
                expected="one of " + ", ".join(sorted(known)),
            )
        return dataclasses.replace(choice, keys={**choice.keys, **spec.defaults})

    def _given(
        self, choices: Mapping[str, Choice], asked: Mapping[str, Any], left: Keys
    ) -> tuple[dict[str, dict[str, Any]], Keys]:
        """Return the options of each block that somebody gave, and the keys that are none of theirs.

        A key that the head has is the head's; one that the model of a single block has is that model's.
        """
        given = {}
        for block in self.blocks:
            apart = (MODEL, *block.modality.model_keys)
            own = {n: value for n, value in asked.get(block.name, {}).items() if n not in apart}
            given[block.name] = _checked(choices[block.name].model, block.name, own)
        kept = {}
        heads = {field.name for field in dataclasses.fields(MODELS[FUSION].keys)}
        for key, value in left.items():
            owners = [
                name
                for name, choice in choices.items()
                if key in {field.name for field in dataclasses.fields(MODELS[choice.model].keys)}
            ]
            if key in heads or not owners:
                kept[key] = value
            elif len(owners) > 1:
                raise ConfigError(
                    f"key '{key}' is one of several models: those of {' and '.join(owners)}",
                    received=f"{key}={value}",
                    fix=f'say whose: networks={{"{owners[0]}": {{"{key}": {json.dumps(value)}}}}}',
                )
            else:
                given[owners[0]] |= _checked(choices[owners[0]].model, owners[0], {key: value})
        return given, kept

    def _merged(self, choices: Mapping[str, Choice]) -> dict[str, Any]:
        """Return keys of training for all blocks together.

        Those of the block that learns most slowly, cells before a table where two are equal; nobody's
        patience ends before that of another, and epochs are as many as the costliest block can have.
        """
        shares = {block.name: block.modality.shares_block for block in self.blocks}
        order = sorted(choices, key=lambda name: (choices[name].keys.get("lr") or 1.0, shares[name]))
        merged: dict[str, Any] = {}
        for name in reversed(order):
            merged |= choices[name].keys
        for key, whole in (("patience", max), ("epochs", min)):
            values = [choice.keys[key] for choice in choices.values() if choice.keys.get(key) is not None]
            if values:
                merged[key] = whole(values)
        return merged


def _of_modality(block: Block, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a block that somebody gave and that its modality owns."""
    return {n: value for n, value in asked.get(block.name, {}).items() if n in block.modality.model_keys}


def _checked(model: str, block: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a block's model as values of their types.

    Raises:
        ConfigError: the model has none of that name, or a value is out of range.
    """
    kind, members = MODELS[model].keys, {}
    if "members" in options and "members" in MODELS[model].options:  # a key of the run elsewhere
        members = {"members": int(options["members"])}
    names = {field.name for field in dataclasses.fields(kind)}
    rest = {option: value for option, value in options.items() if option not in members}
    for option in rest:
        if option not in names:
            message = f"model '{model}' of block '{block}' has no option '{option}'{suggest(option, names)}"
            raise ConfigError(message, expected="one of " + ", ".join(sorted(names)))
    made = make_keys(kind, rest)
    return {**{option: getattr(made, option) for option in rest}, **members}


def read_networks(given: Any, blocks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return model and options of the blocks for which somebody named them.

    Args:
        given: an object as it is stored, JSON of such an object, ``photo:resnet,table:mlp``, or None.
        blocks: names of all blocks.

    Raises:
        ConfigError: it cannot be read, or names a block that there is not.

    Example:
        >>> read_networks("photo:resnet", ["photo", "table"])
        {'photo': {'model': 'resnet'}}
    """
    if given is None or given == AUTO:
        return {}
    if isinstance(given, str) and given.lstrip().startswith("{"):
        try:
            given = json.loads(given)
        except ValueError:
            raise _unreadable(given) from None
    elif isinstance(given, str):
        pairs = [word.rpartition(":") for word in given.split(",")]
        if not all(name and model for name, _, model in pairs):
            raise _unreadable(given)
        given = {name.strip(): model.strip() for name, _, model in pairs}
    if not isinstance(given, Mapping):
        raise _unreadable(given)
    found = {}
    for name, own in given.items():
        if name not in blocks:
            message = f"networks: no block is called '{name}'{suggest(name, blocks)}"
            raise ConfigError(message, expected="one of " + ", ".join(blocks))
        found[name] = {MODEL: own} if isinstance(own, str) else own
        if not isinstance(found[name], Mapping):
            raise _unreadable(own)
        found[name] = dict(found[name])
    return found


def _unreadable(given: Any) -> ConfigError:
    expected = 'photo:resnet,table:mlp, or {"photo": {"model": "resnet", "size": 34}}'
    return ConfigError("networks cannot be read", expected=expected, received=repr(given))
