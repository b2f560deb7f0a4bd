"""An architecture's options are keys: read from its signature, checked, and typed as texts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import TableInputs
from lamina.core.keys import make_keys
from lamina.models import MODELS
from lamina.models.registry import OPTION_KEYS, ModelSpec


def annotated(inputs: Any, outputs: int, *, size: int, key: Any, depth: int = 2, rate: float = 0.5) -> Any:
    """One."""


def bare(inputs, outputs, *, size, key, depth=2, rate=0.5, members=3, name="a"):
    """The same without a word on types."""


bare.__annotations__ = {}


def objects(inputs, outputs, *, size, key, depth=2, rate=0.5):
    """The same where annotations are no texts."""


objects.__annotations__ = {"depth": int, "rate": float | None}


def spec(make: Any) -> ModelSpec:
    return ModelSpec("own", make, size=8, dial="width", summary="", takes=(TableInputs, tuple))


@pytest.mark.parametrize("make", [annotated, bare, objects])
def test_options_are_read_from_texts_by_their_types(make: Any):
    keys = make_keys(spec(make).keys, {"size": "4", "depth": "3", "rate": "0.25"})
    assert (keys.size, keys.depth, keys.rate) == (4, 3, 0.25)
    keys = make_keys(spec(make).keys, {"size": "auto", "depth": None})
    assert keys.size is None and keys.depth is None
    with pytest.raises(ConfigError, match="rate cannot be read; expected a number, got 'much'"):
        make_keys(spec(make).keys, {"rate": "much"})
    with pytest.raises(ConfigError, match="depth is out of range; expected >= 0, got -1"):
        make_keys(spec(make).keys, {"depth": -1})  # known options keep their range in a model of one's own


def test_members_are_a_key_of_the_run():
    names = [field.name for field in dataclasses.fields(spec(bare).keys)]
    assert names == ["size", "depth", "rate", "name"] and "members" in spec(bare).options


def test_what_it_takes_in_words():
    assert spec(bare).kinds == ("table", "vector")
    assert {kind for name in MODELS for kind in MODELS[name].kinds} == {
        "degradedimage", "graph", "image", "imagesample", "mixed", "node", "pair", "rowsample", "table",
        "series", "text", "triple", "vector",
    }  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_option_of_an_architecture_is_explained(name: str):
    options = set(MODELS[name].options) - {"members"}
    assert options <= set(OPTION_KEYS), "say in OPTION_KEYS what it means, and its range"
