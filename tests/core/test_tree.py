"""Models as flat dictionaries, and what is trained in them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ArtifactError
from lamina.core.tree import named_arrays, parameter_count, stack_modules, trainable, with_arrays
from lamina.nn import BatchNorm, Linear, Sequential


def net() -> dict[str, Any]:
    return {"body": Sequential([Linear(3, 2, key=0), BatchNorm(2)]), "steps": np.arange(2)}


NAMES = [
    "body.layers.0.weight", "body.layers.0.bias", "body.layers.1.weight", "body.layers.1.bias",
    "body.layers.1.running_mean", "body.layers.1.running_var", "steps",
]  # fmt: skip


def test_arrays_have_names_and_go_back_by_name():
    arrays = named_arrays(net())
    assert list(arrays) == NAMES
    changed = with_arrays(net(), {name: array + 1 for name, array in arrays.items()})
    np.testing.assert_array_equal(changed["body"].layers[1].weight, 2)
    np.testing.assert_array_equal(changed["steps"], [1, 2])
    assert changed["body"].layers[1].path == "layers.1"


def test_arrays_that_do_not_fit_are_refused():
    arrays = named_arrays(net())
    with pytest.raises(ArtifactError, match="array 'steps' is missing"):
        with_arrays(net(), {name: a for name, a in arrays.items() if name != "steps"})
    with pytest.raises(ArtifactError, match=r"array 'stepz' has no place in the model .did you mean 'steps'"):
        with_arrays(net(), {**arrays, "stepz": np.zeros(1)})
    with pytest.raises(ArtifactError, match=r"steps: array has the wrong shape; expected \(2,\), got \(3,\)"):
        with_arrays(net(), {**arrays, "steps": np.zeros(3)})


def test_what_is_trained_and_what_is_counted():
    mask = named_arrays(jax.tree.map(np.asarray, trainable(net())))
    assert [name for name in NAMES if mask[name]] == NAMES[:4]
    assert parameter_count(net()) == 6 + 2 + 2 + 2
    assert parameter_count({"w": jnp.ones(3, jnp.bfloat16), "codes": jnp.arange(4)}) == 3


def test_stacking_keeps_numpy_and_structure():
    stacked = stack_modules([Linear(3, 2, key=0), Linear(3, 2, key=1)])
    assert isinstance(stacked.weight, np.ndarray)
    assert (stacked.weight.shape, stacked.inputs) == ((2, 2, 3), 3)
    on_device = jax.tree.map(jnp.asarray, Linear(3, 2, key=1))
    assert isinstance(stack_modules([Linear(3, 2, key=0), on_device]).weight, jax.Array)
