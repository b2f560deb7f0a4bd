"""Mixtures of experts against every expert at every position, and against `transformers`."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina import nn
from lamina.core.errors import ConfigError
from lamina.core.taps import observe
from lamina.core.tree import named_arrays, stack_modules, with_arrays

WIDTH, EXPERTS = 6, 4
X = np.random.default_rng(0).normal(size=(3, 17, WIDTH)).astype(np.float32)
GOAL = np.cos(np.arange(X.size)).reshape(X.shape).astype(np.float32)


@functools.cache
def layer(**options: Any) -> nn.MixtureOfExperts:
    return nn.MixtureOfExperts(WIDTH, experts=EXPERTS, key=0, **options)


def everywhere(layer: Any, x: Any) -> Any:
    """Every expert at every position, weights as in Mixtral."""
    chances = jax.nn.softmax(x @ jnp.asarray(layer.router.weight).T, axis=-1)
    best, chosen = jax.lax.top_k(chances, layer.top_k)
    best = best if layer.top_k == 1 else best / best.sum(-1, keepdims=True)
    weights = (jax.nn.one_hot(chosen, layer.count) * best[..., None]).sum(-2)
    outputs = jax.vmap(lambda expert: expert(x))(layer.experts)
    y = jnp.einsum("btE,Ebtd->btd", weights, outputs)
    return y if layer.shared is None else y + layer.shared(x)


@functools.partial(jax.jit, static_argnums=(0, 3))
def values_and_slopes(function: Any, layer: Any, x: Any, train: bool = False) -> Any:
    keywords = {"train": True} if train else {}
    y, back = jax.vjp(lambda layer, x: function(layer, x, **keywords), layer, x)
    return y, *back(jnp.asarray(GOAL))


def call(layer: Any, x: Any, **more: Any) -> Any:
    return layer(x, **more)


def same(found: Any, expected: Any, *, rtol: float = 1e-5, atol: float = 1e-5) -> None:
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"capacity_factor": 1.0},
        {"top_k": 1},
        {"top_k": 3, "expert": nn.GatedFeedForward, "shared": nn.FeedForward},
    ],
    ids=str,
)
def test_prediction_drops_nothing_in_values_and_gradients(options: dict[str, Any]):
    own = layer(**options)
    same(values_and_slopes(call, own, X), values_and_slopes(everywhere, own, X))


def test_training_with_places_for_all_is_the_same():
    own = layer(capacity_factor=float(EXPERTS))
    same(values_and_slopes(call, own, X, True), values_and_slopes(everywhere, own, X))


def test_all_rows_to_one_expert_keep_their_places_and_in_training_fall_through():
    weight = np.zeros((EXPERTS, WIDTH), np.float32)
    weight[2], x = 5.0, np.abs(X)
    own = with_arrays(layer(top_k=1), {**named_arrays(layer(top_k=1)), "router.weight": weight})
    np.testing.assert_allclose(jax.jit(call)(own, x), everywhere(own, x), rtol=1e-5, atol=1e-6)
    y, seen = jax.jit(observe(lambda layer, x: layer(x, train=True), "load", "dropped"))(own, x)
    assert seen["load"].tolist() == [0, 0, 1, 0]
    kept = np.asarray(y).reshape(-1, WIDTH).any(-1)
    assert kept.tolist() == [place < 16 for place in range(51)], "1.25 · 51 / 4, rounded up to eights"
    assert seen["dropped"] == pytest.approx(1 - 16 / 51)


def test_outputs_do_not_depend_on_what_comes_later_or_on_other_examples():
    changed = X.copy()
    changed[0, 9:] += 3.0
    changed[1] -= 2.0
    for train in (False, True):
        run = jax.jit(functools.partial(call, train=train))
        np.testing.assert_allclose(run(layer(), changed)[0, :9], run(layer(), X)[0, :9], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        jax.jit(call)(layer(), X[2:]), jax.jit(call)(layer(), X)[2:], rtol=1e-5, atol=1e-6
    )


def test_positions_that_are_absent_take_no_place_and_count_nothing():
    present = np.arange(17) < np.array([[17], [5], [9]])
    hidden = np.where(present[..., None], X, 9.0).astype(np.float32)
    run = jax.jit(observe(lambda layer, x, present: layer(x, present=present, train=True), "*"))
    (y, seen), (other, found) = run(layer(), X, present), run(layer(), hidden, present)
    np.testing.assert_allclose(y[present], other[present], rtol=1e-6)
    same(seen, found)
    assert seen["load"].sum() == pytest.approx(1, rel=1e-6) and not np.asarray(y)[~present].any()


def test_balance_loss_is_the_formula_and_moves_the_router_alone():
    own = layer(balance=functools.partial(nn.BalanceLoss, weight=0.5))

    @jax.jit
    def penalty(layer: Any, x: Any) -> Any:
        return observe(lambda x: layer(x, train=True), "*penalty")(x)[1]["balance.penalty"]

    chances = np.asarray(jax.nn.softmax(X @ np.asarray(own.router.weight).T, axis=-1)).reshape(-1, EXPERTS)
    chosen = np.argsort(-chances, axis=1)[:, :2]
    share = np.bincount(chosen.reshape(-1), minlength=EXPERTS) / chosen.size
    value, slope = jax.value_and_grad(penalty)(own, X)
    assert value == pytest.approx(0.5 * EXPERTS * (share * chances.mean(0)).sum(), rel=1e-5)
    moved = {path for path, array in named_arrays(slope).items() if np.any(array)}
    assert moved == {"router.weight"}


def test_a_bias_decides_who_is_chosen_but_not_the_weights():
    own = layer(top_k=1, balance=nn.BalanceBias)
    bias = np.array([0.0, 0.0, 0.0, 9.0], np.float32)
    pushed = with_arrays(own, {**named_arrays(own), "balance.running_bias": bias})
    y, seen = jax.jit(observe(lambda layer, x: layer(x, train=True), "load", "*bias"))(pushed, X[:1, :8])
    assert seen["load"].tolist() == [0, 0, 0, 1]
    chances = jax.nn.softmax(X[0, :8] @ np.asarray(own.router.weight).T, axis=-1)
    last = jax.tree.map(lambda a: a[3], own.experts)
    np.testing.assert_allclose(y[0], chances[:, 3:] * last(X[0, :8]), rtol=1e-5, atol=1e-6)
    moved = [0.001, 0.001, 0.001, 8.999]
    np.testing.assert_allclose(seen["balance.running_bias"], moved, rtol=1e-5)


def test_a_population_in_a_stack_taps_by_member_and_depth():
    members = [nn.Stack(lambda k: layer_of(k), depth=2, key=seed) for seed in range(2)]
    run = observe(lambda stack, x: stack(x, train=True), "*load", "*penalty")
    y, seen = jax.jit(jax.vmap(run, in_axes=(0, None)))(stack_modules(members), X)
    assert {path: value.shape for path, value in seen.items()} == {
        "blocks.load": (2, 2, EXPERTS), "blocks.balance.penalty": (2, 2)
    }  # fmt: skip
    for number, member in enumerate(members):
        alone, _ = jax.jit(run)(member, X)
        np.testing.assert_allclose(y[number], alone, rtol=2e-5, atol=1e-6)


def layer_of(key: Any) -> nn.MixtureOfExperts:
    return nn.MixtureOfExperts(WIDTH, experts=EXPERTS, key=key)


@pytest.mark.parametrize("options", [{"top_k": 5}, {"top_k": 0}, {"capacity_factor": 0.5}])
def test_sizes_out_of_range_are_refused(options: dict[str, Any]):
    with pytest.raises(ConfigError, match=r"top_k from 1 to 4|capacity_factor >= 1"):
        nn.MixtureOfExperts(WIDTH, experts=EXPERTS, key=0, **options)


def test_values_and_gradients_are_those_of_mixtral():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock

    config = transformers.MixtralConfig(
        hidden_size=WIDTH, intermediate_size=10, num_local_experts=EXPERTS, num_experts_per_tok=2
    )
    theirs = MixtralSparseMoeBlock(config).eval()
    expert = functools.partial(nn.GatedFeedForward, hidden=10)
    own, random = layer(expert=expert), np.random.default_rng(1)
    arrays = {
        path: (random.normal(size=array.shape) * 0.5).astype(np.float32)
        for path, array in named_arrays(own).items()
    }
    names = {
        "router.weight": "gate.weight", "experts.first.weight": "experts.gate_up_proj",
        "experts.second.weight": "experts.down_proj",
    }  # fmt: skip
    theirs.load_state_dict({names[path]: torch.tensor(array) for path, array in arrays.items()})
    given = torch.tensor(X, requires_grad=True)
    y = theirs(given)
    y = y[0] if isinstance(y, tuple) else y
    (y * torch.tensor(GOAL)).sum().backward()
    found, slope, slope_x = values_and_slopes(call, with_arrays(own, arrays), X)
    np.testing.assert_allclose(found, y.detach(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slope_x, given.grad, rtol=1e-4, atol=1e-4)
    wanted = {name: parameter.grad.numpy() for name, parameter in theirs.named_parameters()}
    for path, array in named_arrays(jax.device_get(slope)).items():
        np.testing.assert_allclose(array, wanted[names[path]], rtol=1e-4, atol=1e-4, err_msg=path)
