"""Modules: frozen trees that know their paths."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.module import Module, buffer, map_arrays, replace, static, submodules
from lamina.core.tree import stack_modules


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


class Outer(Module):
    net: Net


def test_modules_know_their_paths():
    net = Net()
    assert [module.path for module in submodules(net)] == ["", "layers.0", "layers.1", "parts.head"]
    deeper = [module.path for module in submodules(Outer(net))]
    assert deeper == ["", "net", "net.layers.0", "net.layers.1", "net.parts.head"]
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


def test_map_arrays_hands_on_paths_and_buffers():
    seen = []
    map_arrays({"net": [Net(1)]}, lambda path, array, is_buffer: seen.append((path, is_buffer)) or array)
    assert seen[:2] == [("net.0.layers.0.weight", False), ("net.0.layers.0.seen", True)]


class Named(Layer):
    """Inherits the __init__ of Layer."""


class Undeclared(Module):
    def __init__(self):
        self.width = 3


class Forgetful(Module):
    weight: Any

    def __init__(self):
        pass


def test_a_subclass_inherits_the_init_that_was_written():
    assert Named(2, "mine").name == "mine"


def test_a_module_takes_declared_fields_and_wants_them_all():
    with pytest.raises(AttributeError, match="Undeclared declares no field 'width'"):
        Undeclared()
    with pytest.raises(TypeError, match=r"Forgetful.__init__ left the field 'weight' empty"):
        Forgetful()


def test_a_frozen_module_says_how_to_change_it():
    with pytest.raises(AttributeError, match=r"Layer is frozen: replace\(module, weight=...\)"):
        Layer(2).weight = 0
    with pytest.raises(AttributeError, match="Layer is frozen"):
        del Layer(2).weight


def test_a_module_shows_types_and_shapes():
    shown = "Layer(weight=float32[3,2], seen=float32[2], name='plain')"
    assert repr(Net()) == f"Net(layers=[{shown}, {shown}], parts={{'head': {Layer(1)!r}}}, steps=int64[2])"


def test_keyed_paths_name_the_fields():
    paths, _ = jax.tree_util.tree_flatten_with_path(Net())
    assert next(jax.tree_util.keystr(path) for path, _ in paths) == ".layers[0].weight"
