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
