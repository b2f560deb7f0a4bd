"""The estimators as scikit-learn's users use them: clone, pipelines, searches, frames, weights."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lamina
from lamina import NeuralClassifier, NeuralRegressor
from lamina.core.errors import ConfigError, DataError, LaminaWarning
from lamina.core.module import Module
from lamina.models import build
from lamina.network.keys import declared_keys
from lamina.train.loop.clock import compile_counter

SMALL: dict[str, Any] = {
    "model": "mlp", "epochs": 20, "lr": 0.02, "random_state": 0, "keys": {"size": 16},
}  # fmt: skip


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three clouds with names that are in no alphabetical order."""
    random = np.random.default_rng(0)
    codes = np.arange(90) % 3
    X = random.normal(size=(90, 2)) * 0.3 + np.array([[0, 0], [3, 0], [0, 3]])[codes]
    return X, np.array(["red", "amber", "green"])[codes]


@pytest.fixture(scope="module")
def fitted(blobs: tuple) -> NeuralClassifier:
    return NeuralClassifier(**SMALL).fit(*blobs)


@pytest.fixture(scope="module")
def plane() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(1).normal(size=(120, 3))
    return X, 100 + 20 * X[:, 0] - 10 * X[:, 1]


# --- parameters ------------------------------------------------------------------------------------

OF_BOTH = {
    "model", "preset", "random_state", "epochs", "batch_size", "lr", "optimizer", "schedule", "weight_decay",
    "early_stopping", "time_limit", "valid", "warm_start", "keys",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "own"), [(NeuralClassifier, {"class_weight"}), (NeuralRegressor, {"quantiles"})]
)
def test_parameters_are_a_dozen_keys_of_a_fit(kind: type, own: set[str]):
    names = set(inspect.signature(kind).parameters)
    assert names == OF_BOTH | own
    known = {key.field.name for keys in declared_keys().values() for key in keys}
    assert names - {"random_state", "warm_start", "keys"} <= known


@pytest.mark.parametrize("kind", [NeuralClassifier, NeuralRegressor])
def test_each_of_the_other_keys_has_a_name_with_two_underscores(kind: type):
    keys = {"size": 7, "dropout": 0.5}
    estimator = kind(keys=keys)
    assert estimator.get_params(deep=False)["keys"] is keys
    assert estimator.get_params()["keys__size"] == 7 and estimator.get_params()["keys__dropout"] == 0.5
    assert set(estimator.get_params()) - set(estimator.get_params(deep=False)) == {
        "keys__size",
        "keys__dropout",
    }
    assert estimator.set_params(keys__dropout=0.1, keys__depth=3, lr=0.2) is estimator
    assert estimator.keys == {"size": 7, "dropout": 0.1, "depth": 3} and estimator.lr == 0.2
    assert keys == {"size": 7, "dropout": 0.5}, "the dict of the user is left alone"
    assert estimator.set_params(keys={"size": 3}, keys__depth=1).keys == {"size": 3, "depth": 1}
    assert kind().set_params(keys__size=2).keys == {"size": 2}
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        estimator.set_params(depth=3)


def test_clone_and_params():
    original = NeuralClassifier(keys={"size": 7}).set_params(keys__dropout=0.5)
    copy = clone(original)
    assert copy.get_params() == original.get_params() and copy.keys is not original.keys
    copy.set_params(keys__size=1)
    assert original.get_params()["keys__size"] == 7
    assert not hasattr(copy, "network_")
    assert "keys={" in repr(original) and "keys" not in repr(NeuralClassifier())


def test_none_leaves_every_key_to_what_is_chosen(blobs: tuple):
    names = ("size", "depth", "activation", "dropout", "members", "label_smoothing", "clip")
    given = NeuralClassifier(**{**SMALL, "epochs": 1, "keys": dict.fromkeys(names)}).fit(*blobs)
    chosen = NeuralClassifier(**{**SMALL, "epochs": 1, "keys": None}).fit(*blobs)
    assert given.network_.config == chosen.network_.config
    np.testing.assert_array_equal(given.predict_proba(blobs[0]), chosen.predict_proba(blobs[0]))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"lr": 0.1, "keys": {"lr": 0.2}},
            "parameter of its own\n.* as such: NeuralClassifier.lr=….",
        ),
        ({"keys": {"lr": 0.2}}, "keys: 'lr' is a parameter of its own"),
        ({"keys": {"preset": "fast"}}, "keys: 'preset' is a parameter of its own"),
        ({"keys": {"model": "mlp"}}, "keys: 'model' is a parameter of its own"),
        ({"keys": {"random_state": 1}}, "keys: 'random_state' is a parameter of its own"),
        ({"keys": {"seed": 1}}, "keys: 'seed' comes from elsewhere\n  fix: use random_state"),
        (
            {"keys": {"task": "binary"}},
            "keys: 'task' comes from elsewhere\n  fix: use a classifier",
        ),
        ({"keys": {"weight": "w"}}, "keys: 'weight' comes from elsewhere\n  fix: use sample_weight of fit"),
        ({"keys": {"split": "s"}}, "keys: 'split' comes from elsewhere\n  fix: use eval_set of fit"),
        ({"keys": {"dropuot": 0.1}}, r"unknown key 'dropuot' \(did you mean 'dropout'\?\)"),
        ({"keys": {"dropout": 2.0}}, "dropout is out of range; expected >= 0 and < 1, got 2.0"),
        ({"keys": {"registers": 4}}, "key 'registers' belongs to model=vit; this run is mu"),
        (
            {"keys": {"quantiles": (0.5,)}},
            "key 'quantiles' belongs to task=regression and 1 more; this run is",
        ),
        ({"keys": {"image_size": 32}}, "key 'image_size' belongs to image inputs; this run is"),
        ({"keys": [("size", 3)]}, r"keys: not keys by name; expected a dict, got \[\('size', 3\)\]"),
        ({"keys": 3}, "keys: not keys by name; expected a dict, got 3"),
        ({"model": "mpl"}, "did you mean 'mlp'"),
        ({"epochs": -1}, "epochs is out of range; expected >= 0, got -1"),
    ],
)
def test_wrong_parameters_are_refused_in_fit(blobs: tuple, parameters: dict[str, Any], words: str):
    estimator = NeuralClassifier(**{"model": "mlp", **parameters})
    assert estimator.get_params()["keys"] == parameters.get("keys"), "the constructor stores and says nothing"
    with pytest.raises(ConfigError, match=rf"(?s)^.*{words}"):
        estimator.fit(*blobs)


def test_a_loss_of_another_task_is_refused(blobs: tuple):
    with pytest.raises(ConfigError, match="loss is out of range; expected one of mse, mae, huber, quantile"):
        NeuralRegressor(model="mlp", keys={"loss": "focal"}).fit(blobs[0], blobs[0][:, 0] ** 2)


@pytest.mark.slow
def test_a_search_reaches_every_key(blobs: tuple):
    """Also in a pipeline, and where None stands among the values."""
    small = NeuralClassifier(**{**SMALL, "epochs": 3})
    grid = {"keys__dropout": [None, 0.9], "keys__depth": [1], "lr": [0.02]}
    search = GridSearchCV(small, grid, cv=2).fit(*blobs)
    assert set(search.best_params_) == {"keys__dropout", "keys__depth", "lr"}
    assert search.best_estimator_.network_.options["depth"] == 1
    assert small.keys == {"size": 16}, "the estimator that was given is left alone"
    steps = make_pipeline(StandardScaler(), small)
    found = GridSearchCV(steps, {"neuralclassifier__keys__size": [4]}, cv=2).fit(*blobs).best_estimator_
    assert found[-1].network_.options["size"] == 4


def test_what_is_given_reaches_the_network_and_what_is_not_is_chosen(fitted: NeuralClassifier):
    assert fitted.network_.config["lr"] == 0.02
    assert fitted.network_.options["size"] == 16
    assert fitted.network_.config["batch_size"] > 0  # chosen
    assert fitted.n_iter_ == 20 == len(fitted.history_["train_loss"])


def test_random_state_decides_everything(blobs: tuple):
    X, y = blobs

    def proba(state: Any) -> np.ndarray:
        return NeuralClassifier(**{**SMALL, "epochs": 1, "random_state": state}).fit(X, y).predict_proba(X)

    np.testing.assert_array_equal(proba(3), proba(3))
    np.testing.assert_array_equal(proba(np.random.RandomState(5)), proba(np.random.RandomState(5)))
    assert not np.array_equal(proba(3), proba(4))
    assert not np.array_equal(proba(None), proba(None))


def test_a_model_of_ones_own(plane: tuple):
    own = build("linear", inputs=(3,), outputs=1)
    regressor = clone(NeuralRegressor(model=own, epochs=60, lr=0.1, random_state=0)).fit(*plane)
    assert regressor.score(*plane) > 0.9
    assert isinstance(regressor.network_.model, Module)


# --- answers ---------------------------------------------------------------------------------------


def test_classes_and_answers(blobs: tuple, fitted: NeuralClassifier):
    X, y = blobs
    assert fitted.classes_.tolist() == ["amber", "green", "red"]
    assert fitted.score(X, y) > 0.95
    proba = fitted.predict_proba(X)
    np.testing.assert_array_equal(fitted.classes_[proba.argmax(1)], fitted.predict(X))
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("labels", [["None", "NA", ""], [3, 1, 2], [True, False, True]])
def test_labels_come_back_as_they_were_given(blobs: tuple, labels: list):
    X, y = blobs
    y = np.array(labels)[np.unique(y, return_inverse=True)[1]]
    answers = NeuralClassifier(**SMALL).fit(X, y).predict(X)
    assert answers.dtype == y.dtype
    assert (answers == y).mean() > 0.95


def test_the_network_knows_the_labels_and_survives_saving(blobs: tuple, fitted: NeuralClassifier, tmp_path):
    X, y = blobs
    assert fitted.network_.labels == ("amber", "green", "red")
    assert fitted.network_.evaluate((X, y))["accuracy"] == fitted.score(X, y)
    fitted.network_.save(tmp_path / "net")
    np.testing.assert_array_equal(lamina.load(tmp_path / "net").predict(X), fitted.predict(X))


def test_pickled_and_back(blobs: tuple, fitted: NeuralClassifier):
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(again.predict_proba(blobs[0]), fitted.predict_proba(blobs[0]))


def test_regression_in_its_own_unit(plane: tuple):
    X, y = plane
    regressor = NeuralRegressor(model="linear", epochs=80, lr=0.1, random_state=0).fit(X, y)
    assert regressor.score(X, y) > 0.9
    assert regressor.predict(X).shape == y.shape
    with pytest.raises(ConfigError, match="no quantiles were learned"):
        regressor.predict_quantiles(X)


def test_several_targets(plane: tuple):
    X, y = plane
    both = np.stack([y, X[:, 0] - X[:, 2]], axis=1)
    regressor = NeuralRegressor(**{**SMALL, "epochs": 60}).fit(X, both)
    assert regressor.predict(X).shape == both.shape
    assert regressor.score(X, both) > 0.9


def test_quantiles_hold_their_share(plane: tuple):
    X, y = plane
    y = y + 15 * np.random.default_rng(2).normal(size=len(y))
    levels = (0.1, 0.5, 0.9)
    regressor = NeuralRegressor(model="linear", quantiles=levels, epochs=80, lr=0.1, random_state=0).fit(X, y)
    low, middle, high = regressor.predict_quantiles(X).T
    assert 0.6 < ((y >= low) & (y <= high)).mean() < 0.95
    np.testing.assert_array_equal(middle, regressor.predict(X))


def test_several_labels_at_once(plane: tuple):
    X, _ = plane
    y = (X[:, :2] > 0).astype(int)
    classifier = NeuralClassifier(**{**SMALL, "epochs": 60}).fit(X, y)
    assert (classifier.predict(X) == y).mean() > 0.9
    assert classifier.predict_proba(X).shape == y.shape
    assert classifier.classes_.tolist() == [0, 1]


def test_nothing_is_answered_before_fit():
    for estimator in (NeuralClassifier(), NeuralRegressor()):
        with pytest.raises(NotFittedError):
            estimator.predict(np.zeros((1, 2)))


# --- rows ------------------------------------------------------------------------------------------


def test_whole_weights_are_repetitions_and_order_means_nothing(blobs: tuple):
    X, y = blobs
    weights = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = NeuralClassifier(**SMALL).fit(X, y, sample_weight=weights)
    with pytest.warns(LaminaWarning, match="equal a training row"):  # here they are copies indeed
        repeated = NeuralClassifier(**SMALL).fit(np.repeat(X, weights, 0)[::-1], np.repeat(y, weights)[::-1])
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))


def test_fractional_weights_move_the_answer(plane: tuple):
    X = np.zeros((400, 1)) + np.arange(400)[:, None] % 2
    y = np.where(np.arange(400) < 200, 0.0, 10.0)
    weights = np.where(y > 0, 0.75, 0.25) * np.random.default_rng(0).uniform(0.99, 1.01, 400)
    regressor = NeuralRegressor(model="linear", epochs=60, lr=0.1, random_state=0, early_stopping=False)
    assert abs(regressor.fit(X, y, sample_weight=weights).predict(X).mean() - 7.5) < 0.5
    assert abs(regressor.fit(X, y).predict(X).mean() - 5.0) < 0.5


def test_bad_weights_are_refused(blobs: tuple):
    X, y = blobs
    for weights, words in ((np.zeros(90), "zero"), (-np.ones(90), "negative"), (np.ones(89), "wrong shape")):
        with pytest.raises(DataError, match=words):
            NeuralClassifier().fit(X, y, sample_weight=weights)


def test_class_weight_balanced_helps_the_rare_class():
    random = np.random.default_rng(0)
    y = (np.arange(300) % 10 == 0).astype(int)
    X = (random.normal(size=300) + 1.2 * y)[:, None]
    found = {}
    for weight in (None, "balanced", {0: 1.0, 1: 9.0}):
        classifier = NeuralClassifier(model="logistic", epochs=60, random_state=0, class_weight=weight)
        found[str(weight)] = classifier.fit(X, y).predict(X)[y == 1].mean()
    assert found["None"] < 0.3
    assert found["balanced"] > 0.5
    assert found["{0: 1.0, 1: 9.0}"] > 0.5


def test_eval_set_is_what_validates(blobs: tuple):
    X, y = blobs
    classifier = NeuralClassifier(**SMALL).fit(X, y, eval_set=(X[:6] + 0.01, y[:6]))
    assert classifier.network_.info.rows == {"train": 90, "valid": 6, "test": 0}
    with pytest.raises(DataError, match=r"label that training does not have.*'blue'"):
        NeuralClassifier(**SMALL).fit(X, y, eval_set=(X[:1], np.array(["blue"])))
    with pytest.raises(DataError, match=r"eval_set: not a pair"):
        NeuralClassifier(**SMALL).fit(X, y, eval_set=X)


def test_a_class_of_one_row_is_learned_from(blobs: tuple):
    X, y = np.append(blobs[0], [[9.0, 9.0]], axis=0), np.append(blobs[1], "blue")
    classifier = NeuralClassifier(**SMALL).fit(X, y)
    assert "blue" in classifier.classes_
    assert classifier.predict_proba(X).shape == (91, 4)


@pytest.mark.parametrize("kind", [NeuralClassifier, NeuralRegressor])
def test_bad_data_are_refused_with_words(kind: type):
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
    endless = X.copy()
    endless[3, 1] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        kind().fit(endless, y)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        kind().fit(X, np.where(y, np.nan, 1.0))
    with pytest.raises(ValueError, match=r"1 class|nothing to learn"):
        kind().fit(X, np.ones(30))
    with pytest.raises(ValueError, match="Reshape your data"):
        kind().fit(X[:, 0], y)


def test_gaps_are_learned_from_and_may_be_new(plane: tuple):
    """NaN in an array is the gap that it is in a frame: what is missing tells the answer here."""
    X, _ = plane
    holes = np.where(np.arange(360).reshape(120, 3) % 5 == 0, np.nan, X)
    y = 5.0 * np.isnan(holes[:, 1]) + np.where(np.isnan(holes[:, 0]), 0.0, holes[:, 0])
    settings = {"model": "linear", "epochs": 80, "lr": 0.1, "random_state": 0}
    regressor = NeuralRegressor(**settings).fit(holes, y)
    assert regressor.score(holes, y) > 0.9
    frame = pd.DataFrame(holes, columns=["a", "b", "c"])
    np.testing.assert_array_equal(
        regressor.predict(holes), NeuralRegressor(**settings).fit(frame, y).predict(frame)
    )
    whole = NeuralRegressor(**settings).fit(X, y)
    assert np.isfinite(whole.predict(holes)).all()
    pickled = pickle.loads(pickle.dumps(regressor))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(pickled.predict(holes), regressor.predict(holes))
    classifier = NeuralClassifier(**SMALL).fit(holes, y > 2, eval_set=(holes[:9] + 0.01, y[:9] > 2))
    assert np.isfinite(classifier.predict_proba(holes)).all()


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_sparse_inputs_give_what_dense_ones_give(blobs: tuple, form: str):
    X, y = np.where(np.arange(180).reshape(90, 2) % 7 == 0, 0.0, blobs[0]), blobs[1]
    settings = {"model": "logistic", "epochs": 3, "random_state": 0}
    dense = NeuralClassifier(**settings).fit(X, y)
    for kind in (sparse.csr_matrix, sparse.csr_array):
        found = NeuralClassifier(**settings).fit(kind(X).asformat(form), y)
        np.testing.assert_array_equal(found.predict_proba(kind(X).asformat(form)), dense.predict_proba(X))
        assert found.n_features_in_ == 2


def test_sparse_inputs_that_are_too_wide_or_too_large_are_refused(blobs: tuple, monkeypatch):
    X, y = sparse.csr_matrix((90, 10_001)), blobs[1]
    words = r"X: too wide a sparse matrix; expected at most 10,000 columns, got 10001\n  fix: reduce it first"
    with pytest.raises(DataError, match=words):
        NeuralClassifier().fit(X, y)
    monkeypatch.setattr("lamina.estimators.rows.available_mib", lambda: 1.0)
    with pytest.raises(DataError, match=r"does not fit into memory .* at most 1 MiB, got 10 MiB for 90 rows"):
        NeuralClassifier().fit(X[:, :5000], y)
    NeuralClassifier(**{**SMALL, "epochs": 1}).fit(sparse.csr_matrix(blobs[0]), y)


def test_scores_are_weighted(blobs: tuple, plane: tuple, fitted: NeuralClassifier):
    X, y = blobs
    said = np.where(np.arange(90) % 3 == 0, "green", y)
    weights = np.where(np.arange(90) % 3 == 0, 0.0, 2.0)
    assert fitted.score(X, said) < 0.7 < fitted.score(X, said, sample_weight=weights)
    X, y = plane
    regressor = NeuralRegressor(model="linear", epochs=80, lr=0.1, random_state=0).fit(X, y)
    wrong = np.where(np.arange(120) < 60, -y, y)
    weights = (np.arange(120) >= 60) * 1.5
    assert regressor.score(X, wrong) < 0.5 < regressor.score(X, wrong, sample_weight=weights)


# --- where they go ---------------------------------------------------------------------------------


def test_pipeline_and_search_do_not_compile_again(blobs: tuple):
    X, y = blobs
    steps = make_pipeline(StandardScaler(), NeuralClassifier(**SMALL))
    grid = {"neuralclassifier__lr": [1e-5, 0.03], "neuralclassifier__weight_decay": [0.0, 0.1]}
    steps.fit(X[:60], y[:60]).score(X[60:], y[60:])
    before = compile_counter().seconds
    search = GridSearchCV(steps, grid, cv=3, refit=False).fit(X, y)
    assert compile_counter().seconds == before
    assert search.best_params_["neuralclassifier__lr"] == 0.03
    assert search.best_score_ > 0.9


def mixed_frame(rows: int = 80) -> tuple[dict[str, list], np.ndarray]:
    """A number with gaps, words that decide with it, and the answer."""
    random = np.random.default_rng(0)
    size, color = random.normal(size=rows), random.integers(0, 3, rows)
    y = 3 * color + 0.5 * size
    sizes = [None if i % 9 == 0 else float(v) for i, v in enumerate(size)]
    return {"size": sizes, "color": np.array(["red", "green", "blue"])[color].tolist()}, y


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_with_words_and_gaps(library: Any):
    columns, y = mixed_frame()
    frame = library.DataFrame(columns)
    regressor = NeuralRegressor(model="linear", epochs=80, lr=0.1, random_state=0).fit(frame, y)
    assert regressor.score(frame, y) > 0.9
    assert regressor.feature_names_in_.tolist() == ["size", "color"]
    assert regressor.n_features_in_ == 2
    assert [column.kind for column in regressor.network_.schema.inputs] == ["numeric", "category"]
    with pytest.raises(ValueError, match="feature names should match"):
        regressor.predict(frame[["color", "size"]])


def test_a_frame_of_categories_in_a_search():
    columns, y = mixed_frame()
    frame = pd.DataFrame(columns).astype({"color": "category"})
    estimator = NeuralRegressor(model="linear", epochs=40, lr=0.1, random_state=0)
    search = GridSearchCV(estimator, {"lr": [1e-6, 0.1]}, cv=2).fit(frame, y)
    assert search.best_params_ == {"lr": 0.1}


def test_arrays_and_frames_of_numbers_agree(plane: tuple):
    X, y = plane
    estimator = NeuralRegressor(model="linear", epochs=5, random_state=0)
    from_array = estimator.fit(X, y).predict(X)
    from_frame = clone(estimator).fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    np.testing.assert_array_equal(from_array, from_frame.predict(pd.DataFrame(X, columns=["a", "b", "c"])))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_array_equal(from_array, from_frame.predict(X))


def test_a_frame_validates_on_a_frame():
    columns, y = mixed_frame()
    for library in (pd, pl):
        frame = library.DataFrame(columns)
        estimator = NeuralRegressor(model="linear", epochs=2, random_state=0)
        rows = estimator.fit(frame[:60], y[:60], eval_set=(frame[60:], y[60:])).network_.info.rows
        assert rows == {"train": 60, "valid": 20, "test": 0}


def test_columns_may_have_the_names_that_lamina_uses():
    columns, y = mixed_frame()
    frame = pd.DataFrame(columns).rename(columns={"size": "target", "color": "split"})
    frame["weight"] = np.arange(80) % 7
    estimator = NeuralRegressor(model="linear", epochs=80, lr=0.1, random_state=0)
    estimator.fit(frame[:60], y[:60], np.linspace(0.5, 1.5, 60), eval_set=(frame[60:], y[60:]))
    assert estimator.network_.info.rows == {"train": 60, "valid": 20, "test": 0}
    assert estimator.network_.schema.targets == ("target_",)
    assert estimator.score(frame, y) > 0.9


def test_scikit_learn_missing_is_said_in_one_sentence():
    script = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import lamina.estimators\n"
        "try:\n    from lamina import NeuralClassifier\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "sklearn is needed for NeuralClassifier",
        '  fix: pip install "lamina[sklearn]"',
    ]


def test_small_classes_of_an_estimator_are_neither_left_out_nor_joined():
    for rare in ("drop", "merge"):
        with pytest.raises(ConfigError, match="the classes of an estimator are the labels in y"):
            NeuralClassifier(keys={"rare": rare}).fit([[0.0], [1.0]] * 20, [0, 1] * 20)
