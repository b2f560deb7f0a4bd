"""Rows sorted to experts and back, against plain loops and autodiff of plain formulas."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.experts import Places, capacity, from_experts, places_of, sort_choices, to_experts

ROWS, TOP, EXPERTS, WIDTH = 23, 2, 5, 3
RANDOM = np.random.default_rng(0)
CHOSEN = np.stack([RANDOM.permutation(EXPERTS)[:TOP] for _ in range(ROWS)]).astype(np.int32)
CHOSEN[[3, 7]] = EXPERTS  # rows that are not there
X = RANDOM.normal(size=(ROWS, WIDTH)).astype(np.float32)
WEIGHTS = RANDOM.random((ROWS, TOP)).astype(np.float32)


def queues() -> list[list[tuple[int, int]]]:
    """The (row, choice) of each expert in their order."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(EXPERTS)]
    for row in range(ROWS):
        for choice in range(TOP):
            if CHOSEN[row, choice] < EXPERTS:
                found[CHOSEN[row, choice]].append((row, choice))
    return found


def placed(chosen: Any, size: int, start: int = 0) -> Places:
    return places_of(sort_choices(chosen, EXPERTS), chosen, size, start)


def test_ranks_and_counts_are_those_of_queues():
    choices = sort_choices(CHOSEN, EXPERTS)
    assert choices.counts.tolist() == [len(queue) for queue in queues()]
    for queue in queues():
        assert [int(choices.ranks[row, choice]) for row, choice in queue] == list(range(len(queue)))


@pytest.mark.parametrize(("size", "start"), [(3, 0), (3, 3), (ROWS, 0), (1, 40)])
def test_places_are_a_stretch_of_each_queue(size: int, start: int):
    places = placed(CHOSEN, size, start)
    kept = np.zeros((ROWS, TOP), bool)
    for expert, queue in enumerate(queues()):
        own = queue[start : start + size]
        assert places.is_taken[expert].tolist() == [place < len(own) for place in range(size)]
        for place, (row, choice) in enumerate(own):
            assert int(places.choice[expert, place]) == row * TOP + choice
            assert int(places.place[row, choice]) == expert * size + place
            kept[row, choice] = True
    np.testing.assert_array_equal(places.is_kept, kept)
    assert 0 <= int(places.place.min()) and int(places.place.max()) < EXPERTS * size


def mixed(x: Any, weights: Any, chosen: Any, size: int) -> Any:
    """Every expert squares and scales by its number."""
    places = placed(chosen, size)
    scale = jnp.arange(1.0, EXPERTS + 1)[:, None, None]
    return from_experts(to_experts(x, places) ** 2 * scale, weights, places)


def plain(x: Any, weights: Any, kept: Any) -> Any:
    scale = jnp.asarray(CHOSEN + 1.0, jnp.float32)
    return ((weights * scale * kept)[..., None] * x[:, None] ** 2).sum(1)


@pytest.mark.parametrize("size", [4, ROWS])
def test_values_and_gradients_are_those_of_a_plain_formula(size: int):
    kept, goal = (
        np.asarray(placed(CHOSEN, size).is_kept, np.float32),
        np.cos(np.arange(X.size)).reshape(X.shape),
    )
    goal = goal.astype(np.float32)
    found, back = jax.vjp(lambda x, w: mixed(x, w, CHOSEN, size), X, WEIGHTS)
    expected, wanted = jax.vjp(lambda x, w: plain(x, w, kept), X, WEIGHTS)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(back(goal), wanted(goal), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_what_stands_at_empty_places_has_no_gradient():
    places = placed(CHOSEN, ROWS)

    def loss(y: Any) -> Any:
        return from_experts(y, WEIGHTS, places).sum()

    slope = jax.grad(loss)(jnp.ones((EXPERTS, ROWS, WIDTH)))
    np.testing.assert_array_equal((np.asarray(slope) != 0).any(-1), places.is_taken)


def test_gradients_scatter_nothing():
    def slopes(x: Any, weights: Any) -> Any:
        return jax.grad(lambda x, w: mixed(x, w, CHOSEN, 8).sum(), argnums=(0, 1))(x, weights)

    assert "scatter-add" not in str(jax.make_jaxpr(slopes)(X, WEIGHTS))


def test_a_population_is_as_its_members():
    chosen = np.stack([CHOSEN, CHOSEN[::-1]])
    together = jax.vmap(lambda x, chosen: mixed(x, WEIGHTS, chosen, 4), in_axes=(None, 0))(X, chosen)
    alone = [mixed(X, WEIGHTS, own, 4) for own in chosen]
    np.testing.assert_allclose(together, np.stack(alone), rtol=1e-6)


@pytest.mark.parametrize(
    ("rows", "experts", "top", "factor", "places"),
    [
        (4096, 8, 2, 1.0, 1024),
        (4096, 8, 2, 1.25, 1280),
        (100, 8, 2, 1.0, 32),
        (5, 8, 2, 1.25, 5),
        (64, 1, 1, 2.0, 64),
    ],
)
def test_capacity(rows: int, experts: int, top: int, factor: float, places: int):
    assert capacity(rows, experts, top, factor) == places
