"""The graph of an R-GCN: both directions of a triple, left out together, in any order."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import TripleInputs
from lamina.models import build

ENTITIES, RELATIONS, SIZE = 9, 3, 8


def triples(count: int = 60) -> np.ndarray:
    random = np.random.default_rng(0)
    columns = [random.integers(0, most, count) for most in (ENTITIES, RELATIONS, ENTITIES)]
    return np.unique(np.stack(columns, 1), axis=0).astype(np.int32)


def made(graph: np.ndarray, **options: Any) -> Any:
    inputs = TripleInputs(ENTITIES, RELATIONS, np.ascontiguousarray(graph).tobytes())
    return build("rgcn", inputs=inputs, outputs=ENTITIES, size=SIZE, seed=0, **options)


def edges(graph: Any) -> list[tuple[int, int, int]]:
    """Sender, kind and receiver of the edges that are there."""
    found = np.stack([graph.senders[0], graph.kinds[0], graph.receivers[0]], 1)
    return [tuple(edge) for edge in found[found[:, 0] >= 0].tolist()]


def test_a_triple_is_an_edge_in_each_direction():
    own = triples()
    wanted = {edge for h, r, t in own.tolist() for edge in ((h, r, t), (t, r + RELATIONS, h))}
    found = edges(made(own).encoder.graph(ENTITIES))
    assert set(found) == wanted and len(found) == 2 * len(own)


def test_both_directions_of_a_triple_are_left_out_together_and_only_in_training():
    model = made(triples(), edge_dropout=0.5)
    found = edges(model.encoder.graph(ENTITIES, key=3, train=True))
    ways = ({(h, r, t) for h, r, t in found if r < RELATIONS}, {(t, r - RELATIONS, h) for h, r, t in found})
    assert ways[0] == {triple for triple in ways[1] if triple[1] >= 0}
    assert 0.25 < len(ways[0]) / len(triples()) < 0.75
    assert len(edges(model.encoder.graph(ENTITIES, key=3))) == 2 * len(triples())
    other = edges(model.encoder.graph(ENTITIES, key=4, train=True))
    assert other != found


@pytest.mark.parametrize("depth", [1, 2])
def test_the_order_of_triples_changes_nothing(depth: int):
    own, x = triples(), {"entity": np.arange(4, dtype=np.int32), "relation": np.zeros(4, np.int32)}
    shuffled = own[np.random.default_rng(1).permutation(len(own))]
    a, b = (jax.jit(lambda m: m(x))(made(graph, depth=depth)) for graph in (own, shuffled))
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_an_entity_is_known_by_what_it_stands_in():
    own = np.array([[0, 0, 1], [2, 1, 3]], np.int32)
    more = np.concatenate([own, np.array([[4, 2, 3]], np.int32)])
    a, b = (np.asarray(made(graph).encoded().entity.weight) for graph in (own, more))
    changed = np.abs(a - b).max(axis=1) > 1e-6
    assert np.flatnonzero(changed).tolist() == [3, 4]


def test_without_triples_entities_stand_alone():
    assert np.isfinite(np.asarray(made(np.zeros((0, 3), np.int32)).encoded().entity.weight)).all()


def test_an_encoder_without_convolutions_is_refused():
    with pytest.raises(ConfigError, match="one convolution at least"):
        made(triples(), depth=0)
