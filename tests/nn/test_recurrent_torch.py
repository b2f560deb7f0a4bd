"""Recurrent layers against PyTorch's of the same name: layers, directions, lengths, gradients, beginnings."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.module import replace
from lamina.nn import GRU, LSTM, RNN, Bidirectional, RecurrentStack

torch = pytest.importorskip("torch")
RANDOM = np.random.default_rng(0)
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
INPUTS, WIDTH = 5, 7
LENGTHS = np.array([6, 2, 4])
every = pytest.mark.parametrize("kind", [RNN, LSTM, GRU])


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def close(a: Any, b: Any) -> None:
    b = b.detach().numpy() if isinstance(b, torch.Tensor) else b
    np.testing.assert_allclose(np.asarray(a), b, rtol=1e-5, atol=1e-5)


def copied(layer: Any, twin: Any, ending: str) -> Any:
    own = {name: getattr(twin, name + ending).detach().numpy() for name in PARAMETERS}
    assert all(getattr(layer, name).shape == array.shape for name, array in own.items())
    return replace(layer, **own)


def twins(kind: Any, depth: int, both: bool) -> tuple[Any, Any]:
    twin = getattr(torch.nn, kind.__name__)(
        INPUTS, WIDTH, num_layers=depth, bidirectional=both, batch_first=True
    )
    layers = []
    for i in range(depth):
        inputs = INPUTS if i == 0 else WIDTH * (1 + both)
        if both:
            layer = Bidirectional(functools.partial(kind, inputs, WIDTH), key=0)
            forward = copied(layer.forward, twin, f"_l{i}")
            backward = copied(layer.backward, twin, f"_l{i}_reverse")
            layers.append(replace(layer, forward=forward, backward=backward))
        else:
            layers.append(copied(kind(inputs, WIDTH, key=0), twin, f"_l{i}"))
    return RecurrentStack(layers), twin


def named_gradients(gradient: Any, both: bool) -> dict[str, Any]:
    found = {}
    for i, layer in enumerate(gradient.layers):
        sides = {"": layer.forward, "_reverse": layer.backward} if both else {"": layer}
        for ending, own in sides.items():
            found |= {f"{name}_l{i}{ending}": getattr(own, name) for name in PARAMETERS}
    return found


@every
@pytest.mark.parametrize(("depth", "both"), [(1, False), (2, False), (2, True)])
@pytest.mark.parametrize("packed", [False, True])
def test_values_and_gradients(kind: Any, depth: int, both: bool, packed: bool):
    net, twin = twins(kind, depth, both)
    x, present = normal(3, 6, INPUTS), np.arange(6) < (LENGTHS[:, None] if packed else 6)
    present = np.broadcast_to(present, (3, 6))
    leaf = torch.tensor(x, requires_grad=True)
    if packed:
        sequence = torch.nn.utils.rnn.pack_padded_sequence(
            leaf, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False
        )
        theirs, _ = torch.nn.utils.rnn.pad_packed_sequence(twin(sequence)[0], batch_first=True)
    else:
        theirs, _ = twin(leaf)
    goal = normal(*theirs.shape)
    (theirs * torch.tensor(goal)).sum().backward()

    @jax.jit
    def gradients(net: Any, x: Any) -> Any:
        def loss(net: Any, x: Any) -> Any:
            y = jnp.where(present[..., None], net(x, present=present), 0)
            return (y * goal).sum(), y

        return jax.grad(loss, argnums=(0, 1), has_aux=True)(net, x)

    (gradient, slope), ours = gradients(net, x)
    close(ours, theirs)
    close(slope, leaf.grad)
    found = named_gradients(gradient, both)
    assert found.keys() == {name for name, _ in twin.named_parameters()}
    for name, value in twin.named_parameters():
        close(found[name], value.grad)


@every
def test_the_state_goes_on_as_theirs(kind: Any):
    net, twin = twins(kind, 1, False)
    x = normal(3, 6, INPUTS)
    _, states = twin(torch.tensor(x))
    _, (cache,) = net.extend(x, net.init_cache(3, 6, x.dtype))
    for own, theirs in zip(cache, states if kind is LSTM else (states,), strict=True):
        close(own, theirs[0])


@every
def test_layers_begin_as_pytorch_does(kind: Any):
    ours, theirs = kind(40, 100, key=0), getattr(torch.nn, kind.__name__)(40, 100)
    for name in PARAMETERS:
        mine, twin = np.asarray(getattr(ours, name)), getattr(theirs, name + "_l0").detach().numpy()
        assert mine.std() == pytest.approx(twin.std(), rel=0.1)
        assert np.abs(mine).max() == pytest.approx(0.1, rel=0.05)
