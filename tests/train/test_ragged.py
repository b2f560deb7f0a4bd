"""Training on rows of unequal length: few programs, every row, exact resume."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.inputs.text import TextInputs
from lamina.core.tree import named_arrays
from lamina.data.ragged import Ragged
from lamina.models import build
from lamina.objectives import MulticlassObjective
from lamina.train import TrainConfig, train, train_population
from lamina.train.loop.feed import StreamedFeed, Visits, classes_of

ROWS = 120
RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.choice([4, 10, 20, 30, 60], ROWS)
ENDS = np.cumsum(LENGTHS)
LABELS = RANDOM.integers(0, 2, ROWS).astype(np.int32)
IDS = np.where(RANDOM.random(ENDS[-1]) < 0.3, np.repeat(LABELS, LENGTHS), RANDOM.integers(2, 12, ENDS[-1]))
INPUTS = TextInputs(12, 64)
CONFIG = TrainConfig(epochs=4, batch_size=8, lr=0.05, early_stopping=False)


def rows(ragged: bool = True) -> dict[str, Any]:
    x = {
        "ids": Ragged(IDS.astype(np.int32), ENDS, length=64, fill=-1),
        "scale": Ragged(np.repeat(1 / LENGTHS, LENGTHS).astype(np.float32), ENDS, length=64, fill=0),
    }
    if not ragged:
        x = {name: own.take(np.arange(ROWS)) for name, own in x.items()}
    return {"x": x, "y": LABELS, "weight": np.ones(ROWS, np.float32)}


def model(seed: int = 0) -> Any:
    return build("bag-of-embeddings", inputs=INPUTS, outputs=2, size=8, seed=seed)


def test_classes_are_those_of_the_longest_rows():
    assert sorted(set(classes_of(rows()).tolist())) == [16, 32, 64]
    assert classes_of(rows(ragged=False)) is None
    visits = Visits(ROWS, 8, classes_of(rows()))
    stops = visits.stops(0)
    assert len(stops) == visits.steps and stops[-1] == visits.steps
    assert (stops > np.arange(visits.steps)).all()


def test_chunks_are_as_long_as_their_class(monkeypatch: pytest.MonkeyPatch):
    shapes: list[tuple[int, ...]] = []
    real = StreamedFeed.chunk

    def chunk(self: StreamedFeed, order: np.ndarray) -> Any:
        data, places = real(self, order)
        shapes.append(data["x"]["ids"].shape)
        return data, places

    monkeypatch.setattr(StreamedFeed, "chunk", chunk)
    result = train(model(), MulticlassObjective(2), rows(), rows(), config=CONFIG)
    assert {shape[1] for shape in shapes} == {16, 32, 64}
    assert len(set(shapes)) == 3, "one program a class"
    assert result.steps == 4 * Visits(ROWS, 8, classes_of(rows())).steps
    assert result.history["valid_accuracy"][-1] > 0.7


def test_a_population_visits_the_classes_together():
    found = train_population(
        [model(0), model(1)], MulticlassObjective(2), rows(), config=CONFIG, seeds=[0, 1]
    )
    alone = train(model(1), MulticlassObjective(2), rows(), config=TrainConfig(**{**vars(CONFIG), "seed": 1}))
    for name, array in named_arrays(found[1].model).items():
        np.testing.assert_allclose(array, named_arrays(alone.model)[name], rtol=2e-3, atol=2e-4)


def test_an_interrupted_run_ends_as_if_it_had_not_been():
    whole = train(model(), MulticlassObjective(2), rows(), config=CONFIG)
    asked = iter([None] * 4 + ["interrupted"])
    first = train(
        model(), MulticlassObjective(2), rows(), config=CONFIG, should_stop=lambda: next(asked, "interrupted")
    )
    assert first.snapshot is not None
    again = train(model(), MulticlassObjective(2), rows(), config=CONFIG, resume=first.snapshot)
    jax.tree.map(np.testing.assert_array_equal, named_arrays(again.model), named_arrays(whole.model))
