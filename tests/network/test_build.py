"""From stored options to a model: alone, as an ensemble, one a fold, averaged over views."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, TableInputs
from lamina.core.random import make_key, split
from lamina.core.tree import named_arrays, parameter_count
from lamina.models import MODELS
from lamina.network.build import build_model
from lamina.nn.augmented import Augmented
from lamina.nn.ensemble import Ensemble

INPUTS = TableInputs(3)
IMAGES = ImageInputs(12, 12, 1, (0.5,), (0.25,))


def build(name: str = "mlp", inputs: Any = INPUTS, **options: Any) -> Any:
    return build_model(name, inputs, 2, {"size": 4, **options}, make_key(0), wants="one")


def same(one: Any, other: Any) -> bool:
    ours, theirs = named_arrays(one), named_arrays(other)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_one_model_is_the_registered_architecture():
    assert same(build(depth=1), MODELS["mlp"].build(INPUTS, 2, size=4, key=make_key(0), depth=1))
    assert same(build(), build(members=1)) and same(build(), build(folds=1))


def test_members_are_networks_of_their_own():
    model = build(members=3)
    assert isinstance(model, Ensemble) and parameter_count(model) == 3 * parameter_count(build())
    first = MODELS["mlp"].build(INPUTS, 2, size=4, key=split(make_key(0), 3)[0])
    arrays = named_arrays(first)
    stacked = named_arrays(model)
    assert all(
        any(np.array_equal(array, other[0]) for other in stacked.values()) for array in arrays.values()
    )


def test_an_architecture_with_members_of_its_own_makes_them_itself():
    model = build("tabm", members=3)
    assert not isinstance(model, Ensemble) and parameter_count(model) < 3 * parameter_count(build("tabm"))


def test_folds_stand_around_members_and_views():
    model = build(folds=2, members=2)
    assert isinstance(model, Ensemble) and parameter_count(model) == 4 * parameter_count(build())
    views = build("lenet", IMAGES, folds=2, test_time_augmentation="flip")
    assert isinstance(views, Ensemble)
    x = np.zeros((3, 12, 12, 1), np.uint8)
    assert jax.eval_shape(lambda model, x: model(x), views, x).shape == (3, 2, 2)


def test_views_are_averaged_where_they_are_asked_for():
    assert isinstance(build("lenet", IMAGES, test_time_augmentation="flip"), Augmented)
    assert same(build("lenet", IMAGES, test_time_augmentation="none"), build("lenet", IMAGES))


def test_the_options_are_left_as_they_were():
    options = {"size": 4, "members": 2, "folds": 2}
    build_model("mlp", INPUTS, 1, options, make_key(0), wants="one")
    assert options == {"size": 4, "members": 2, "folds": 2}


def test_an_option_that_the_architecture_does_not_have_is_refused():
    with pytest.raises(ConfigError, match="model 'mlp' has no option 'registers'; expected one of depth"):
        build(registers=4)
    with pytest.raises(ConfigError, match="size of 'mlp' is out of range; expected >= 1, got 0"):
        build(size=0)
