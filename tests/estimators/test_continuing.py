"""Going on from what was learned: ``partial_fit`` and ``warm_start``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import lamina
from lamina import NeuralClassifier, NeuralRegressor
from lamina.core.errors import ConfigError, DataError
from lamina.models import build

SMALL: dict[str, Any] = {"model": "mlp", "lr": 0.02, "random_state": 0, "keys": {"size": 16}}
FRAME = pd.DataFrame(
    {"size": np.random.default_rng(2).normal(size=80), "color": ["red", "green", "blue", "gray"] * 20}
)


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    codes = np.arange(90) % 3
    X = random.normal(size=(90, 2)) * 0.3 + np.array([[0, 0], [3, 0], [0, 3]])[codes]
    return X, np.array(["red", "amber", "green"])[codes]


@pytest.fixture(scope="module")
def plane() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(1).normal(size=(120, 3))
    return X, 100 + 20 * X[:, 0] - 10 * X[:, 1]


def loss(classifier: NeuralClassifier, X: np.ndarray, y: np.ndarray) -> float:
    return classifier.network_.evaluate((X, y))["log_loss"]


# --- partial_fit -----------------------------------------------------------------------------------


def test_each_part_moves_the_weights_towards_the_answers(blobs: tuple):
    X, y = blobs
    classifier, losses = NeuralClassifier(**SMALL), []
    for _ in range(4):
        for start in range(0, 90, 30):
            part = slice(start, start + 30)
            assert classifier.partial_fit(X[part], y[part], classes=np.unique(y)) is classifier
        losses.append(loss(classifier, X, y))
    assert losses == sorted(losses, reverse=True)
    assert classifier.score(X, y) > 0.95
    assert classifier.n_iter_ == 4 * 3 * 5 == len(classifier.history_["train_loss"])


def test_the_first_part_decides_scales_and_classes_for_good(blobs: tuple):
    """Also where it holds one class out of three, and two rows."""
    X, y = blobs
    red = np.flatnonzero(y == "red")[:2]
    classifier = NeuralClassifier(**SMALL).partial_fit(X[red], y[red], classes=["red", "amber", "green"])
    assert classifier.classes_.tolist() == ["amber", "green", "red"]
    assert classifier.predict_proba(X).shape == (90, 3)
    scales = classifier.network_.encoder.to_json()
    for _ in range(20):
        classifier.partial_fit(X, y)
    assert classifier.network_.encoder.to_json() == scales
    assert classifier.network_.labels == ("amber", "green", "red")
    one = classifier.partial_fit(X[:1], y[:1])  # a single row will do by now
    assert one.score(X, y) > 0.8  # of scales that two rows decided


def test_numbers_in_parts(plane: tuple):
    X, y = plane
    regressor = NeuralRegressor(model="linear", lr=0.1, random_state=0)
    scores = [regressor.partial_fit(X[i::4], y[i::4]).score(X, y) for i in (0, 1, 2, 3) * 4]
    assert scores[-1] > 0.95 > scores[0]
    both = np.stack([y, X[:, 2] - X[:, 0]], axis=1)
    assert NeuralRegressor(**SMALL).partial_fit(X, both).partial_fit(X[:5], both[:5]).predict(X).shape == (
        120,
        2,
    )


def test_several_labels_at_once_in_parts(plane: tuple):
    X, _ = plane
    y = (X[:, :2] > 0).astype(int)
    classifier = NeuralClassifier(**SMALL)
    for _ in range(10):
        classifier.partial_fit(X, y)
    assert (classifier.predict(X) == y).mean() > 0.9


def test_a_part_goes_on_from_a_fit(blobs: tuple):
    X, y = blobs
    classifier = NeuralClassifier(**SMALL, epochs=3).fit(X, y)
    before = loss(classifier, X, y)
    model = classifier.network_.model
    classifier.partial_fit(X, y)
    assert loss(classifier, X, y) < before
    assert classifier.n_iter_ == 3 + 3  # passes as the parameter says, where it says fewer than five
    assert classifier.network_.model is not model
    whole = clone(classifier).fit(X, y)
    assert whole.n_iter_ == 3, "fit begins anew"


def test_folds_and_members_go_on_each_by_itself(blobs: tuple):
    X, y = blobs
    keys = {**SMALL, "keys": {"size": 8, "folds": 2}}
    classifier = NeuralClassifier(**keys, epochs=2).fit(X, y)
    before = loss(classifier, X, y)
    classifier.partial_fit(X, y)
    assert loss(classifier, X, y) < before
    assert classifier.network_.options["folds"] == 2


def test_weights_count_in_parts(plane: tuple):
    X = np.zeros((400, 1)) + np.arange(400)[:, None] % 2
    y = np.where(np.arange(400) < 200, 0.0, 10.0)
    regressor = NeuralRegressor(model="linear", lr=0.05, random_state=0, batch_size=400)
    for _ in range(40):
        regressor.partial_fit(X, y, sample_weight=np.where(y > 0, 0.9, 0.3))
    assert abs(regressor.predict(X).mean() - 7.5) < 0.5


def test_a_frame_in_parts_and_an_array_of_its_columns():
    y = FRAME["size"] + 2 * (FRAME["color"] == "red")
    regressor = NeuralRegressor(model="linear", lr=0.1, random_state=0)
    for start in (0, 20, 40, 60) * 5:
        regressor.partial_fit(FRAME[start : start + 20], y[start : start + 20])
    assert regressor.score(FRAME, y) > 0.9
    with pytest.raises(ValueError, match="feature names should match"):
        regressor.partial_fit(FRAME[["color", "size"]], y)


def test_a_network_of_parts_is_saved_and_loaded(blobs: tuple, tmp_path):
    X, y = blobs
    classifier = NeuralClassifier(**SMALL).partial_fit(X, y, classes=np.unique(y))
    classifier.network_.save(tmp_path / "net")
    np.testing.assert_array_equal(lamina.load(tmp_path / "net").predict(X), classifier.predict(X))


def test_what_partial_fit_refuses(blobs: tuple):
    X, y = blobs
    with pytest.raises(DataError, match="first call of partial_fit needs the classes"):
        NeuralClassifier(**SMALL).partial_fit(X, y)
    with pytest.raises(DataError, match=r"y: label that training does not have; got .*'red'"):
        NeuralClassifier(**SMALL).partial_fit(X, y, classes=["amber", "green"])
    with pytest.raises(ConfigError, match="class_weight='balanced' would balance each part"):
        NeuralClassifier(**SMALL, class_weight="balanced").partial_fit(X, y, classes=np.unique(y))
    classifier = NeuralClassifier(**SMALL).partial_fit(X, y, classes=np.unique(y))
    with pytest.raises(DataError, match=r"y: label that training does not have"):
        classifier.partial_fit(X[:2], ["red", "blue"])
    with pytest.raises(DataError, match="the classes are not those"):
        classifier.partial_fit(X, y, classes=["red", "blue"])
    with pytest.raises(ValueError, match="X has 1 features"):
        classifier.partial_fit(X[:, :1], y)
    with pytest.raises(DataError, match="every weight is zero"):
        classifier.partial_fit(X, y, sample_weight=np.zeros(90))


# --- warm_start ------------------------------------------------------------------------------------


@pytest.mark.parametrize("folds", [1, 2])
def test_a_warm_start_goes_on_from_the_weights(blobs: tuple, folds: int):
    X, y = blobs
    keys = {**SMALL, "keys": {"size": 16, "folds": folds}, "epochs": 3}
    cold, warm = NeuralClassifier(**keys), NeuralClassifier(**keys, warm_start=True)
    cold.fit(X, y), warm.fit(X, y)
    np.testing.assert_array_equal(cold.predict_proba(X), warm.predict_proba(X))
    scales, first = warm.network_.encoder.to_json(), loss(warm, X, y)
    cold.fit(X, y), warm.fit(X[::-1], y[::-1])
    assert loss(cold, X, y) == first, "without it fit begins anew"
    assert loss(warm, X, y) < first
    warm.fit(X[:60] + 0.1, y[:60])
    assert warm.network_.encoder.to_json() == scales and len(warm.history_["train_loss"]) == 3


def test_no_epoch_leaves_the_weights_as_they_were(blobs: tuple):
    """So they are those of the fit before, whatever the rows."""
    X, y = blobs
    warm = NeuralClassifier(**SMALL, epochs=3, warm_start=True).fit(X, y)
    before = warm.predict_proba(X)
    warm.set_params(epochs=0).fit(X[:45], y[:45])
    np.testing.assert_allclose(warm.predict_proba(X), before, atol=1e-7)


def test_a_chosen_network_is_warm_too(plane: tuple):
    X, y = plane
    warm = NeuralRegressor(epochs=2, random_state=0, warm_start=True).fit(X, y)
    name, options = warm.network_.model_name, warm.network_.options
    first = warm.score(X, y)
    warm.fit(X, y)
    assert (warm.network_.model_name, warm.network_.options) == (name, options)
    assert warm.score(X, y) > first


def test_a_model_of_ones_own_is_warm_too(plane: tuple):
    X, y = plane
    own = build("linear", inputs=(3,), outputs=1)
    warm = NeuralRegressor(model=own, epochs=10, lr=0.05, random_state=0, warm_start=True).fit(X, y)
    first = warm.score(X, y)
    assert warm.fit(X, y).score(X, y) > first


def test_weights_and_validation_rows_may_come_and_go(blobs: tuple):
    X, y = blobs
    warm = NeuralClassifier(**SMALL, epochs=2, warm_start=True).fit(X, y)
    warm.fit(X, y, sample_weight=np.linspace(0.5, 1.5, 90), eval_set=(X[:9] + 0.01, y[:9]))
    assert warm.network_.info.rows["valid"] == 9
    assert warm.fit(X, y).network_.schema.weight is None


def test_what_a_warm_start_refuses(blobs: tuple, plane: tuple):
    X, y = blobs
    warm = NeuralClassifier(**SMALL, epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(
        DataError, match=r"the classes are not those .* expected amber, green, red, got amber, red"
    ):
        warm.fit(X[y != "green"], y[y != "green"])
    assert warm.classes_.tolist() == ["amber", "green", "red"]
    with pytest.raises(ValueError, match="X has 1 features"):
        warm.fit(X[:, :1], y)
    with pytest.raises(ConfigError, match=r"size is not that of the network .* expected 16, got 32"):
        clone_with_state(warm, keys={"size": 32}).fit(X, y)
    with pytest.raises(ConfigError, match=r"model is not that of the fit .* expected mlp, got logistic"):
        clone_with_state(warm, model="logistic").fit(X, y)
    frame = NeuralRegressor(**SMALL, epochs=1, warm_start=True).fit(FRAME[["size"]], FRAME["size"] ** 2)
    with (
        pytest.warns(UserWarning, match="does not have valid feature names"),
        pytest.raises(DataError, match=r"X: the columns are not those .* expected size, got an array"),
    ):
        frame.fit(FRAME[["size"]].to_numpy(), FRAME["size"] ** 2)
    numbers = NeuralRegressor(**SMALL, epochs=1, warm_start=True).fit(*plane)
    with pytest.raises(DataError, match="the targets are not those"):
        numbers.fit(plane[0], plane[0][:, :2] - plane[0][:, 1:])
    with pytest.raises(ConfigError, match="other outputs"):
        numbers.set_params(quantiles=(0.1, 0.5, 0.9)).fit(*plane)


def clone_with_state(estimator: Any, **parameters: Any) -> Any:
    """The same fitted estimator with other parameters."""
    import copy

    return copy.copy(estimator).set_params(**parameters)
