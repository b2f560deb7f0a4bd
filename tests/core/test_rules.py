"""Rules over paths, registries, trees of arrays and the paths of modules."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import (
    ArtefactError,
    ConfigError,
    DataError,
    LaminaError,
    MissingExtraError,
    NotFittedError,
    require,
    suggest,
)
from lamina.core.module import Module, buffer, map_arrays, replace, static, submodules
from lamina.core.registry import Registry
from lamina.core.rules import Rules
from lamina.core.tree import named_arrays, parameter_count, stack_modules, trainable, with_arrays


class Layer(Module):
    weight: Any
    seen: Any = buffer()
    name: str = static(default="plain")

    def __init__(self, size: int, name: str = "plain"):
        self.weight, self.seen, self.name = np.ones((size, 2), np.float32), np.zeros(2, np.float32), name


class Net(Module):
    layers: list[Layer]
    parts: dict[str, Layer]
    steps: Any

    def __init__(self, size: int = 3):
        self.layers, self.parts = [Layer(size), Layer(size)], {"head": Layer(1)}
        self.steps = np.arange(2)


# --- rules -----------------------------------------------------------------------------------------


def test_the_first_match_wins():
    rules = Rules({"layers.0.*": 1, "layers.*": 2}, default=3)
    assert [rules[path] for path in ("layers.0.weight", "layers.1.weight", "steps")] == [1, 2, 3]
    assert Rules({"layers.*": 2, "layers.0.*": 1})["layers.0.weight"] == 2


def test_applied_to_a_model_rules_give_a_tree_of_values():
    tree = Rules({"*weight": "decayed"}, default="left").apply(Net())
    assert named(tree) == {
        path: "decayed" if path.endswith("weight") else "left" for path in named_arrays(Net())
    }


def named(tree: Any) -> dict[str, Any]:
    paths = list(named_arrays(Net()))
    return dict(zip(paths, jax.tree.leaves(tree), strict=True))


def test_a_rule_that_matches_nothing_is_an_error():
    with pytest.raises(ConfigError, match="matches no parameter; expected paths such as layers"):
        Rules({"layer.*": 0}).apply(Net())
    Rules({"layer.*": 0}, default=1).apply(Net(), strict=False)


# --- registry --------------------------------------------------------------------------------------


def test_a_registry_explains_itself():
    things: Registry[int] = Registry("thing")
    things.add("first", 1)
    things.add("second", 2)
    assert (things["first"], len(things), list(things)) == (1, 2, ["first", "second"])
    assert things.match("f*") == ["first"]
    assert "third" not in things
    with pytest.raises(
        ConfigError, match=r"unknown thing 'secnod' .did you mean 'second'.*one of first, second"
    ):
        things["secnod"]
    with pytest.raises(ConfigError, match="thing 'first' is registered already"):
        things.add("first", 3)


# --- errors ----------------------------------------------------------------------------------------


def test_an_error_says_where_what_and_how_to_mend():
    error = DataError("wrong", where="a.csv", expected=3, received=4, mend="fix it")
    assert str(error) == "a.csv: wrong; expected 3, got 4\n  mend: fix it"
    assert str(LaminaError("wrong", received=4)) == "wrong; got 4"
    assert isinstance(error, ValueError)
    assert isinstance(NotFittedError("x"), AttributeError)


def test_suggestions_are_near():
    assert suggest("dropuot", ["dropout", "depth"]) == " (did you mean 'dropout'?)"
    assert suggest("zebra", ["dropout", "depth"]) == ""


def test_a_missing_extra_is_one_sentence():
    assert require("math", extra="x", purpose="here").__name__ == "math"
    with pytest.raises(MissingExtraError) as caught:
        require("no_such_module.inner", extra="all", purpose="for this")
    assert str(caught.value) == 'no_such_module is needed for this\n  mend: pip install "lamina[all]"'


# --- modules and trees -----------------------------------------------------------------------------


def test_modules_know_their_paths():
    net = Net()
    assert [module.path for module in submodules(net)] == ["", "layers.0", "layers.1", "parts.head"]
    assert [module.path for module in submodules(stack_modules([net, net]))][1] == "layers.0"


def test_modules_are_frozen_and_replaced():
    layer = Layer(2)
    with pytest.raises(AttributeError):
        layer.weight = 0
    other = replace(layer, weight=np.zeros(1))
    assert other.weight.shape == (1,)
    assert layer.weight.shape == (2, 2)


def test_static_fields_are_part_of_the_structure_and_arrays_are_leaves():
    assert jax.tree.structure(Layer(2)) == jax.tree.structure(Layer(3))
    assert jax.tree.structure(Layer(2)) != jax.tree.structure(Layer(2, "other"))
    assert len(jax.tree.leaves(Net())) == 7


def test_a_module_goes_through_jit_and_back():
    doubled = jax.jit(lambda layer: jax.tree.map(lambda a: 2 * a, layer))(Layer(2, "mine"))
    assert (doubled.name, doubled.path) == ("mine", "")
    np.testing.assert_array_equal(doubled.weight, 2)


def test_arrays_have_names_and_go_back_by_name():
    arrays = named_arrays(Net())
    names = ["layers.0.weight", "layers.0.seen", "layers.1.weight", "layers.1.seen"]
    assert list(arrays) == [*names, "parts.head.weight", "parts.head.seen", "steps"]
    changed = with_arrays(Net(), {name: array + 1 for name, array in arrays.items()})
    np.testing.assert_array_equal(changed.layers[1].weight, 2)
    assert changed.layers[1].path == "layers.1"


def test_arrays_that_do_not_fit_are_refused():
    arrays = named_arrays(Net())
    with pytest.raises(ArtefactError, match="array 'steps' is missing"):
        with_arrays(Net(), {name: a for name, a in arrays.items() if name != "steps"})
    with pytest.raises(ArtefactError, match=r"array 'stepz' has no place in the model .did you mean 'steps'"):
        with_arrays(Net(), {**arrays, "stepz": np.zeros(1)})
    with pytest.raises(ArtefactError, match=r"steps: array has the wrong shape; expected \(2,\), got \(3,\)"):
        with_arrays(Net(), {**arrays, "steps": np.zeros(3)})


def test_what_is_trained_and_what_is_counted():
    mask = named(trainable(Net()))
    assert {path for path, is_trained in mask.items() if is_trained} == {
        "layers.0.weight", "layers.1.weight", "parts.head.weight",
    }  # fmt: skip
    assert parameter_count(Net(3)) == 6 + 6 + 2
    assert parameter_count({"w": jnp.ones(3, jnp.bfloat16), "codes": jnp.arange(4)}) == 3


def test_map_arrays_hands_on_paths_and_buffers():
    seen = []
    map_arrays({"net": [Net(1)]}, lambda path, array, is_buffer: seen.append((path, is_buffer)) or array)
    assert seen[:2] == [("net.0.layers.0.weight", False), ("net.0.layers.0.seen", True)]


def test_stacking_keeps_numpy_and_structure():
    stacked = stack_modules([Layer(2), Layer(2)])
    assert isinstance(stacked.weight, np.ndarray)
    assert stacked.weight.shape == (2, 2, 2)
    assert isinstance(stack_modules([Layer(2), jax.tree.map(jnp.asarray, Layer(2))]).weight, jax.Array)
