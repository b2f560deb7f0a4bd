"""What every model of knowledge graphs keeps: its equation, one score an entity, gradients, members."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import TripleInputs
from lamina.core.tree import is_float, named_arrays, stack_modules
from lamina.core.wanted import LINKS
from lamina.models import MODELS, build
from lamina.objectives.entity_sampling import EntitySamplingObjective
from lamina.objectives.entity_softmax import EntitySoftmaxObjective
from lamina.train import TrainConfig, train

ENTITIES, RELATIONS, ROWS, SIZE = 11, 3, 7, 6
GRAPH = np.array([[0, 0, 1], [0, 0, 2], [3, 0, 2], [2, 1, 3], [4, 1, 4], [5, 2, 6], [0, 2, 1]], np.int32)
INPUTS = TripleInputs(ENTITIES, RELATIONS, GRAPH.tobytes())
NAMES = [name for name, spec in MODELS.items() if TripleInputs in spec.takes]
every = pytest.mark.parametrize("name", NAMES)


def made(name: str, seed: int = 0) -> Any:
    """A model whose weights are not small, so that equal scores are no accident."""
    model = build(name, inputs=INPUTS, outputs=ENTITIES, size=SIZE, seed=seed)
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda a: random.normal(size=a.shape).astype(a.dtype) if is_float(a) else a, model)


def questions(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "entity": random.integers(0, ENTITIES, ROWS).astype(np.int32),
        "relation": random.integers(0, 2 * RELATIONS, ROWS).astype(np.int32),
    }


def complex_of(vectors: np.ndarray) -> np.ndarray:
    half = vectors.shape[-1] // 2
    return vectors[..., :half] + 1j * vectors[..., half:]


def convolved(model: Any) -> np.ndarray:
    """The vectors of an R-GCN in float64, one neighbor after another."""
    edges = [edge for h, r, t in GRAPH.tolist() for edge in ((h, r, t), (t, r + RELATIONS, h))]
    found = np.asarray(model.decoder.entity.weight, np.float64)
    for place, layer in enumerate(model.encoder.layers):
        weight, comp, root = (np.asarray(a, np.float64) for a in (layer.weight, layer.comp, layer.root))
        entered = np.maximum(found, 0) if place else found
        found = entered @ root + np.asarray(layer.bias, np.float64)
        for sender, kind, receiver in edges:
            count = sum(t == receiver for _, _, t in edges)
            found[receiver] += entered[sender] @ np.tensordot(comp[kind], weight, 1) / count
    return found


def plain(name: str, model: Any, x: dict[str, np.ndarray]) -> np.ndarray:
    """The equation of the paper in float64, triple by triple."""
    own = model.decoder if name == "rgcn" else model
    relations = np.asarray(own.relation.weight, np.float64)
    entities = convolved(model) if name == "rgcn" else np.asarray(own.entity.weight, np.float64)
    found = np.zeros((ROWS, ENTITIES))
    for row, tail in np.ndindex(found.shape):
        h, r, t = entities[x["entity"][row]], relations[x["relation"][row]], entities[tail]
        match name:
            case "distmult" | "rgcn":
                found[row, tail] = (h * r * t).sum()
            case "complex":
                found[row, tail] = (complex_of(h) * complex_of(r) * complex_of(t).conj()).sum().real
            case "transe":
                found[row, tail] = -np.linalg.norm(h + r - t)
            case "rotate":
                turned = complex_of(h) * np.exp(1j * r * model.scale)
                found[row, tail] = -np.abs(turned - complex_of(t)).sum()
    return found


@every
def test_scores_are_those_of_the_paper(name: str):
    model, x = made(name), questions()
    found = jax.jit(lambda model, x: model(x))(model, x)
    assert found.shape == (ROWS, ENTITIES) and found.dtype == np.float32
    np.testing.assert_allclose(found, plain(name, model, x), rtol=2e-4, atol=2e-4)
    assert MODELS[name].gives == (LINKS,)


@every
def test_scores_of_own_entities_are_those_of_all(name: str):
    model, x = made(name), questions()
    own = np.array([[0, 4], [10, 1], [2, 2], [3, 9], [5, 6], [7, 8], [1, 0]])
    plain = model.encoded()
    near = plain.near(plain.question(x), jnp.asarray(plain.entity.weight)[own])
    np.testing.assert_allclose(near, np.take_along_axis(np.asarray(model(x)), own, 1), rtol=1e-3, atol=1e-3)


@every
def test_many_entities_are_compared_some_after_others(name: str, monkeypatch: pytest.MonkeyPatch):
    model, x = made(name), questions()
    whole = model(x)
    monkeypatch.setattr("lamina.models.triples._COMPARED", 3 * ROWS * 2 * SIZE)
    np.testing.assert_allclose(model(x), whole, rtol=1e-5)


def test_cubes_are_those_of_numbers_and_of_moduli():
    vectors = np.random.default_rng(0).normal(size=(4, 2 * SIZE)).astype(np.float32)
    found = made("distmult").cubes(jnp.asarray(vectors))
    np.testing.assert_allclose(found, (np.abs(vectors.astype(float)) ** 3).sum(1), rtol=1e-5)
    found = made("complex").cubes(jnp.asarray(vectors))
    np.testing.assert_allclose(found, (np.abs(complex_of(vectors.astype(float))) ** 3).sum(1), rtol=1e-5)


@every
def test_its_gradient_reaches_every_vector_that_takes_part(name: str):
    model, x = made(name), questions()
    slope = jax.grad(lambda m: (m(x, key=1, train=True) ** 2).mean(), allow_int=True)(model)
    gradient = {name: array for name, array in named_arrays(slope).items() if is_float(array)}
    assert all(np.isfinite(array).all() and np.abs(array).max() for array in gradient.values())
    entity, relation = (
        next(array for name, array in gradient.items() if name.endswith(f"{kind}.weight"))
        for kind in ("entity", "relation")
    )
    assert np.abs(entity).max(axis=1).all()
    assert np.abs(relation[x["relation"]]).max(axis=1).all()


@every
def test_members_of_a_population_equal_a_loop(name: str):
    models, x = [made(name, seed) for seed in range(2)], questions()
    together = jax.jit(jax.vmap(lambda model, x: model(x), in_axes=(0, None)))(stack_modules(models), x)
    np.testing.assert_allclose(together, np.stack([m(x) for m in models]), rtol=1e-4, atol=1e-4)


OBJECTIVES = [
    EntitySoftmaxObjective(ENTITIES, n3=1e-4, smoothing=0.01),
    EntitySamplingObjective(ENTITIES, negatives=6, margin=3.0),
]


@pytest.mark.slow
@every
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: type(o).__name__)
def test_eight_triples_are_learned_by_heart(name: str, objective: Any):
    head, tail = np.arange(8, dtype=np.int32), np.array([8, 9, 10, 8, 9, 10, 8, 9], np.int32)
    x = {"entity": head, "relation": np.zeros(8, np.int32)}
    rows = {"x": x, "y": np.stack([tail, np.full(8, -1, np.int32)], 1), "weight": np.ones(8, np.float32)}
    known = np.zeros((8, 2), np.uint8)
    watched = {"x": {**x, "answer": tail, "known": known}, "weight": rows["weight"]}
    config = TrainConfig(
        epochs=300, lr=0.05, optimizer="adam", monitor="mrr", weight_decay=0.0, early_stopping=False
    )
    history = train(made(name), objective, rows, watched, config=config).history
    assert history["valid_mrr"][-1] > 0.9 > history["valid_mrr"][0]
    assert history["train_loss"][-1] < 0.5 * history["train_loss"][0]
