"""A model of one's own at Python's door: its outputs have to be those of the task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import ImageInputs, TableInputs
from lamina.core.module import Module
from lamina.data.schema import NUMBERS
from lamina.modalities.base import Situation
from lamina.modalities.table.choose import preset_keys
from lamina.nn.ensemble import Ensemble

X = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
TARGETS = {
    "binary": np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)],
    "multiclass": np.array(["a", "b", "c"])[np.arange(90) % 3],
    "regression": X[:, 0] * X[:, 1] + X[:, 2],
}


class Own(Module):
    weight: Any

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return x["numeric"] @ self.weight


class Flat(Own):
    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return (x["numeric"] @ self.weight)[:, 0]


class Pair(Own):
    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return x["numeric"] @ self.weight, 0


class Members(Own):
    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return (x["numeric"] @ self.weight)[:, :, None]


def fit(task: str, model: Module) -> lamina.Network:
    return lamina.fit(X, TARGETS[task], task=task, model=model, epochs=1, numeric="standard")


def weight(outputs: int) -> np.ndarray:
    return np.zeros((3, outputs), np.float32)


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_as_many_outputs_as_the_task_takes(task: str, outputs: int):
    assert fit(task, Own(weight(outputs))).model_name == "Own"


def test_it_is_trained_by_the_keys_of_the_preset_and_not_of_the_network_that_auto_would_take():
    many = np.random.default_rng(0).normal(size=(16_000, 3))
    model = Own(weight(1))
    net = lamina.fit(
        many, many[:, 0] * many[:, 1], model=model, task="regression", epochs=1, numeric="standard"
    )
    preset = preset_keys(Situation(TableInputs(3), 12_800, NUMBERS))
    assert net.config["optimizer"] == preset["optimizer"] == "muon"


def test_members_have_an_axis_of_their_own():
    assert fit("binary", Members(weight(2))).predict(X[:2]).shape == (2,)


def test_two_logits_for_two_classes_are_refused():
    """The second one would be left out without a word."""
    with pytest.raises(ShapeError) as caught:
        fit("binary", Own(weight(2)))
    assert str(caught.value) == (
        "Own: the model's outputs do not fit the task binary; expected (rows, 1), got (2, 2)\n"
        "  fix: let it give 1 number a row: one logit for 'yes'"
    )


@pytest.mark.parametrize(
    ("task", "model", "text"),
    [
        ("multiclass", Own(weight(2)), r"multiclass; expected \(rows, 3\), got \(2, 2\)\n.*3 numbers a row$"),
        ("regression", Own(weight(4)), r"regression; expected \(rows, 1\), got \(2, 4\)\n.*1 number a row$"),
        (
            "binary",
            Pair(weight(1)),
            r"binary; expected \(rows, 1\), got tuple\n.*1 number a row: one",
        ),
        ("regression", Flat(weight(1)), r"regression; expected \(rows, 1\), got \(2,\)\n.*1 number a row$"),
    ],
)
def test_other_numbers_of_outputs_are_refused(task: str, model: Module, text: str):
    with pytest.raises(ShapeError, match=text):
        fit(task, model)


IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)


class OfImages(Module):
    """One linear map of the pixels."""

    weight: Any

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return x.reshape(len(x), -1).astype(np.float32) @ self.weight / 255


def fit_images(outputs: int, y: np.ndarray, **keys: Any) -> lamina.Network:
    model = OfImages(np.zeros((64, outputs), np.float32))
    return lamina.fit(IMAGES, y, model=model, epochs=1, batch_size=8, **keys)


@pytest.mark.parametrize(
    ("outputs", "y"),
    [(1, np.arange(40) % 2), (3, np.arange(40) % 3), (1, IMAGES.mean((1, 2)))],
    ids=["binary", "multiclass", "regression"],
)
def test_images_train_a_model_of_your_own(outputs: int, y: np.ndarray):
    net = fit_images(outputs, y, augment="shift:1")
    assert net.model_name == "OfImages" and net.options == {} and net.config["augment"] == ["shift:1"]
    assert np.abs(net.model.weight).max() > 0  # it has learned
    assert len(net.predict(IMAGES[:3])) == 3


def test_an_ensemble_is_a_model_of_your_own_too():
    inputs = ImageInputs(12, 12, 1, (0.5,), (0.25,))
    members = [lamina.build("lenet", inputs=inputs, outputs=1, size=1, seed=seed) for seed in (0, 1)]
    images = np.random.default_rng(0).integers(0, 256, (20, 12, 12), np.uint8)
    net = lamina.fit(images, np.arange(20) % 2, model=Ensemble(members), epochs=1)
    assert net.model_name == "Ensemble" and net.predict_proba(images[:2]).shape == (2, 2)


def test_images_of_a_model_of_your_own_are_augmented_as_others_are():
    config = fit_images(1, np.arange(40) % 2).config
    assert config["augment"][-1] == "shift:1" and config["optimizer"] == "muon"


def test_other_numbers_of_outputs_are_refused_for_images():
    with pytest.raises(ShapeError) as caught:
        fit_images(2, np.arange(40) % 2)
    assert str(caught.value) == (
        "OfImages: the model's outputs do not fit the task binary; expected (rows, 1), got (2, 2)\n"
        "  fix: let it give 1 number a row: one logit for 1"
    )


@pytest.mark.parametrize("name", ["members", "folds"])
def test_it_is_built_once(name: str):
    with pytest.raises(ConfigError) as caught:
        lamina.fit(X, TARGETS["binary"], model=Own(weight(1)), epochs=1, **{name: 2})
    assert str(caught.value) == (
        f"{name} builds a model several times; a model of your own is built already; got {name}=2\n"
        f"  fix: leave {name} out, or register the model and give its name"
    )
    assert lamina.fit(
        X, TARGETS["binary"], model=Own(weight(1)), numeric="standard", epochs=1, **{name: 1}
    ).info.epochs


@pytest.mark.parametrize("name", ["size", "depth", "patch", "dropout"])
def test_options_of_architectures_are_refused(name: str):
    with pytest.raises(ConfigError, match=rf"key '{name}' belongs to model=\w.* by a model of your own\n"):
        lamina.fit(X, TARGETS["binary"], model=Own(weight(1)), **{name: 1})
