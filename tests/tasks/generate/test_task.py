from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina
from lamina.core.errors import ConfigError, DataError
from lamina.network.network import Network
from lamina.tasks.generate.methods.registry import METHODS

QUICK = {"epochs": 2, "batch_size": 16, "size": 8, "depth": 1}


def points(rows: int = 96) -> dict[str, Any]:
    random = np.random.default_rng(0)
    kind = random.integers(0, 3, rows)
    return {
        "x": kind * 2.0 + random.normal(size=rows) * 0.1,
        "y": random.normal(size=rows),
        "kind": np.array(["low", "middle", "high"])[kind].tolist(),
    }


def learned(method: str, data: Any = None, **keys: Any) -> Network:
    return lamina.fit(points() if data is None else data, task="generate", method=method, **{**QUICK, **keys})


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[] if name in ("gan", "density") else pytest.mark.slow) for name in METHODS
    ],
)
def network(request: pytest.FixtureRequest) -> Network:
    return learned(request.param)


def test_samples_have_the_columns_of_the_data(network: Network):
    samples = network.sample(n=5, seed=1)
    assert len(samples) == 5
    assert list(samples.columns) == ["x", "y", "kind"]
    assert set(samples.columns["kind"]) <= {"low", "middle", "high"}
    assert np.isfinite(np.asarray(samples.columns["x"], float)).all()


def test_the_same_seed_draws_the_same_samples(network: Network, tmp_path: Path):
    first = network.sample(n=3, seed=1).columns
    network.save(tmp_path / "net")
    again = lamina.load(tmp_path / "net").sample(n=3, seed=1).columns
    assert {name: list(values) for name, values in again.items()} == {
        name: list(values) for name, values in first.items()
    }
    assert list(network.sample(n=3, seed=2).columns["x"]) != list(first["x"])


def test_it_is_measured_on_held_out_rows(network: Network):
    assert network.info.valid and all(np.isfinite(value) for value in network.info.valid.values())
    assert network.evaluate(points(20)).keys() == network.info.valid.keys()


def test_it_predicts_nothing(network: Network):
    with pytest.raises(ConfigError, match="lamina sample RUN"):
        network.predict(points(4))


def test_a_class_may_be_asked_for(tmp_path: Path):
    network = lamina.fit(points(), target="kind", task="generate", method="density", **QUICK)
    network.save(tmp_path / "net")
    network = lamina.load(tmp_path / "net")
    assert len(set(network.sample(n=60).columns["kind"])) == 3
    samples = network.sample(n=4, label="low")
    assert list(samples.columns) == ["x", "y", "kind"] and set(samples.columns["kind"]) == {"low"}
    with pytest.raises(ConfigError, match="did you mean 'low'"):
        network.sample(n=1, label="lo")


def test_what_a_method_has_not_is_refused():
    with pytest.raises(ConfigError, match="belongs to method=vae"):
        learned("density", beta=2.0)
    network = learned("density")
    with pytest.raises(ConfigError, match="so it has no steps"):
        network.sample(n=1, steps=5)
    with pytest.raises(ConfigError, match="knows no classes"):
        network.sample(n=1, label="low")


def test_two_targets_are_one_too_many():
    with pytest.raises(DataError, match="conditioned on one column"):
        lamina.fit(points(), target=["kind", "y"], task="generate", **QUICK)


@pytest.mark.slow
def test_images_come_as_images(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1)).astype(np.uint8)
    network = lamina.fit(images, task="generate", method="vae", epochs=1, size=8)
    assert network.sample(n=3).images.shape == (3, 8, 8, 1)
    with pytest.raises(ConfigError, match="not for such samples"):
        lamina.fit(images, task="generate", method="density", epochs=1)


def test_labels_of_arrays_are_classes_and_not_forgotten():
    x = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(x[:, 0] > 0, "right", "left")
    with pytest.raises(DataError, match="the task reconstruct has no target"):
        lamina.fit(x, y, task="reconstruct", epochs=1)
    net = lamina.fit(x, y, task="generate", method="density", model="realnvp", size=8, epochs=1)
    assert net.schema.targets == ("target",) and "target" not in {column.name for column in net.schema.inputs}
