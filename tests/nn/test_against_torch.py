"""Layers against PyTorch's of the same name: values, gradients, running statistics."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.module import replace
from lamina.core.taps import observe
from lamina.nn import (
    ACTIVATIONS,
    BatchNorm,
    Embedding,
    EmbeddingBag,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    RMSNorm,
)

torch = pytest.importorskip("torch")
RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def close(a: Any, b: Any, rtol: float = 2e-5, atol: float = 2e-6) -> None:
    b = b.detach().numpy() if isinstance(b, torch.Tensor) else b
    np.testing.assert_allclose(np.asarray(a), b, rtol=rtol, atol=atol)


def copied(layer: Any, twin: Any) -> Any:
    """Our layer with PyTorch's parameters, which have its names and shapes."""
    arrays = {name: value.detach().numpy() for name, value in twin.named_parameters() if "." not in name}
    assert all(getattr(layer, name).shape == array.shape for name, array in arrays.items())
    return replace(layer, **arrays)


@functools.partial(jax.jit, static_argnames="train")
def gradients(layer: Any, x: Any, goal: Any, *, train: bool = False) -> tuple[tuple[Any, Any], Any]:
    """The gradients of a weighted sum with regard to parameters and input, and the outputs."""

    def loss(layer: Any, x: Any) -> tuple[Any, Any]:
        y = layer(x, train=train)
        return (y * goal).sum(), y

    return jax.grad(loss, argnums=(0, 1), has_aux=True)(layer, x)


def compare(layer: Any, twin: Any, x: np.ndarray, *, train: bool = False) -> None:
    """Outputs, and gradients of a weighted sum with regard to input and parameters."""
    leaf = torch.tensor(x, requires_grad=True)
    theirs = twin(leaf)
    goal = normal(*theirs.shape)
    (theirs * torch.tensor(goal)).sum().backward()
    (gradient, slope), ours = gradients(layer, x, goal, train=train)
    close(ours, theirs)
    close(slope, leaf.grad, atol=1e-5)
    for name, value in twin.named_parameters():
        close(getattr(gradient, name), value.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 5), (2, 3, 5)])
def test_linear(shape: tuple[int, ...]):
    twin = torch.nn.Linear(5, 4)
    compare(copied(Linear(5, 4, key=0), twin), twin, normal(*shape))


def test_linear_begins_as_pytorch_does():
    ours, theirs = Linear(300, 400, key=0), torch.nn.Linear(300, 400)
    for name in ("weight", "bias"):
        mine, twin = np.asarray(getattr(ours, name)), getattr(theirs, name).detach().numpy()
        assert mine.std() == pytest.approx(twin.std(), rel=0.1)
        assert np.abs(mine).max() == pytest.approx(np.abs(twin).max(), rel=0.02)


def test_embedding():
    twin = torch.nn.Embedding(7, 4)
    layer = copied(Embedding(7, 4, key=0), twin)
    codes, goal = RANDOM.integers(0, 7, (3, 5)), normal(3, 5, 4)
    theirs = twin(torch.tensor(codes))
    (theirs * torch.tensor(goal)).sum().backward()

    def loss(layer: Any) -> tuple[Any, Any]:
        y = layer(codes.astype(np.int32))
        return (y * goal).sum(), y

    gradient, ours = jax.jit(jax.grad(loss, has_aux=True))(layer)
    close(ours, theirs)
    close(gradient.weight, twin.weight.grad)


def test_embedding_bag():
    twin = torch.nn.EmbeddingBag(7, 4, mode="sum")
    layer = copied(EmbeddingBag(7, 4, key=0), twin)
    codes, scale, goal = RANDOM.integers(0, 7, (3, 5)), normal(3, 5), normal(3, 4)
    theirs = twin(torch.tensor(codes), per_sample_weights=torch.tensor(scale))
    (theirs * torch.tensor(goal)).sum().backward()

    def loss(layer: Any) -> tuple[Any, Any]:
        y = layer({"ids": codes.astype(np.int32), "scale": scale})
        return (y * goal).sum(), y

    gradient, ours = jax.jit(jax.grad(loss, has_aux=True))(layer)
    close(ours, theirs)
    close(gradient.weight, twin.weight.grad)


@pytest.mark.parametrize(
    ("layer", "make"),
    [(LayerNorm(6), lambda: torch.nn.LayerNorm(6)), (RMSNorm(6), lambda: torch.nn.RMSNorm(6, eps=1e-6))],
)
def test_normalization_of_examples(layer: Any, make: Any):
    twin = make()
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter += 0.3 * torch.randn(6)
    compare(copied(layer, twin), twin, 3 + 2 * normal(2, 4, 6))


def test_batch_norm_learns_the_same_running_statistics():
    twin, layer = torch.nn.BatchNorm1d(3), BatchNorm(3)
    statistics = jax.jit(lambda layer, x: observe(layer, "running_*")(x, train=True)[1])
    for scale in (1.0, 4.0, 0.5):
        x = np.float32(scale) * normal(8, 3) + np.float32(scale)
        compare(layer, twin, x, train=True)
        layer = replace(layer, **statistics(layer, x))
        twin.zero_grad()
        close(layer.running_mean, twin.running_mean)
        close(layer.running_var, twin.running_var)
    compare(layer, twin.eval(), normal(5, 3))


TWINS = {
    "relu": "relu",
    "leaky_relu": "leaky_relu",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "mish": "mish",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softplus": "softplus",
    "hard_swish": "hardswish",
}


X = np.concatenate([normal(4, 5) * 3, [[-20.0, -3.5, 0.5, 3.5, 20.0]]]).astype(np.float32)
GOAL = normal(*X.shape)


@pytest.fixture(scope="module")
def values_and_slopes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each activation and the gradient of a weighted sum of it, from one program."""

    def of_all(x: jax.Array) -> dict[str, tuple[jax.Array, jax.Array]]:
        return {
            name: (activation(x), jax.grad(lambda x, activation=activation: (activation(x) * GOAL).sum())(x))
            for name, activation in ACTIVATIONS.items()
        }

    return jax.jit(of_all)(X)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str, values_and_slopes: dict[str, tuple[np.ndarray, np.ndarray]]):
    functional = torch.nn.functional
    special = {
        "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "softmax": lambda x: functional.softmax(x, dim=-1),
        "identity": lambda x: x,
        "step": lambda x: torch.heaviside(x, torch.zeros(())),
    }
    twin = special[name] if name in special else getattr(functional, TWINS[name])
    value, slope = values_and_slopes[name]
    leaf = torch.tensor(X, requires_grad=True)
    close(value, twin(leaf), atol=1e-6)
    if name == "step":
        return
    (twin(leaf) * torch.tensor(GOAL)).sum().backward()
    close(slope, leaf.grad, rtol=1e-4, atol=1e-5)


def test_multi_head_attention():
    twin = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    layer = MultiHeadAttention(8, heads=2, key=0)
    state = {name: value.detach().numpy() for name, value in twin.named_parameters()}
    layer = replace(
        layer,
        in_proj=replace(layer.in_proj, weight=state["in_proj_weight"], bias=state["in_proj_bias"]),
        out_proj=replace(layer.out_proj, weight=state["out_proj.weight"], bias=state["out_proj.bias"]),
    )
    x = normal(3, 5, 8)
    theirs, weights = twin(*[torch.tensor(x)] * 3, average_attn_weights=False)
    ours, seen = jax.jit(lambda layer, x: observe(layer, "weights")(x))(layer, x)
    close(ours, theirs)
    close(seen["weights"], weights)
