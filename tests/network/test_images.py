"""From images to a network and back: choices, artifact, answers."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

import lamina
from lamina.core.errors import ArtifactError, ConfigError, DataError
from lamina.core.inputs import ImageInputs
from lamina.data import read
from lamina.network.fit import _Trainings
from lamina.network.prepare import prepare
from lamina.nn.augmented import Augmented


def two_kinds(count: int = 120, *, side: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A bright bar across or down, on noise."""
    random = np.random.default_rng(0)
    x = random.integers(0, 80, (count, side, side, 1))
    y = np.arange(count) % 2
    for image, label, place in zip(x, y, random.integers(2, side - 2, count), strict=True):
        rows = image[place] if label else image[:, place]
        rows += 150
    return x.astype(np.uint8), np.where(y == 1, "across", "down")


FEW = {"size": 4, "epochs": 6, "batch_size": 16, "seed": 0}


@pytest.fixture(scope="module")
def network():
    x, y = two_kinds()
    return lamina.fit(x, y, **FEW)


def test_it_learns_and_answers_with_the_labels_given(network):
    x, y = two_kinds(40)
    assert (network.predict(x) == y).mean() > 0.9
    assert network.model_name == "airbench"
    assert isinstance(network.encoder.inputs, ImageInputs)
    assert network.evaluate((x, y))["accuracy"] > 0.9


def test_saved_and_loaded_it_gives_the_same(network, tmp_path: Path):
    x, _ = two_kinds(10)
    network.save(tmp_path / "net")
    again = lamina.load(tmp_path / "net")
    assert (again.predict_proba(x) == network.predict_proba(x)).all()
    assert again.encoder.inputs == network.encoder.inputs


def test_images_in_files(network, tmp_path: Path):
    from PIL import Image

    x, _ = two_kinds(6)
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for path, image in zip(paths, x, strict=True):
        Image.fromarray(image[..., 0]).save(path)
    assert network.predict(tmp_path).tolist() == network.predict(x).tolist()
    assert network.predict(str(paths[0])).tolist() == network.predict(x[:1]).tolist()


def test_chosen_keys_are_written_down(network):
    config = network.config
    assert config["optimizer"] == "muon" and config["schedule"] == "linear"
    assert config["augment"][-1] == "shift:1"
    assert config["test_time_augmentation"] in ("none", "flip")


def test_own_choices_win():
    x, y = two_kinds(60)
    net = lamina.fit(x, y, model="lenet", epochs=1, augment="none", test_time_augmentation="shift")
    assert (net.model_name == "lenet" and net.config["augment"] == []) or net.config["augment"] == ["none"]
    assert isinstance(net.model, Augmented) and net.options["test_time_augmentation"] == "shift"


def test_epochs_are_judged_by_one_view_and_answers_by_all():
    x, y = two_kinds()
    one, many = (
        lamina.fit(x, y, **{**FEW, "epochs": 2}, test_time_augmentation=kind)
        for kind in ("none", "flip-shift")
    )
    answers = jax.jit(lambda model, x: model(x))
    assert one.history["valid_accuracy"] == many.history["valid_accuracy"]
    np.testing.assert_array_equal(answers(many.model.model, x[:4]), answers(one.model, x[:4]))
    assert (many.predict_proba(x[:20]) != one.predict_proba(x[:20])).any()


def test_a_number_from_an_image():
    x, _ = two_kinds(80)
    net = lamina.fit(x, x.mean((1, 2, 3)).astype(float), **{**FEW, "epochs": 2})
    assert net.task.name == "regression" and net.predict(x[:3]).shape == (3,)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"model": "tabm"}, "model 'tabm' is not for images; expected one of airbench, alexnet"),
        ({"augment": "flop"}, "unknown augmentation 'flop' (did you mean 'flip'?)"),
        ({"test_time_augmentation": "all"}, "test_time_augmentation is out of range"),
    ],
)
def test_what_does_not_fit_is_refused(keys: dict[str, str], said: str):
    x, y = two_kinds(60)
    with pytest.raises(ConfigError) as caught:
        lamina.fit(x, y, **keys)
    assert said in str(caught.value)


def test_keys_of_images_are_refused_for_a_table():
    table = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(ConfigError) as caught:
        lamina.fit(table, np.arange(60) % 2, augment="flip")
    assert str(caught.value) == (
        "key 'augment' belongs to image inputs; this run is binary (target 'target')\n  fix: leave it out"
    )
    with pytest.raises(ConfigError, match="model 'resnet' is not for tables"):
        lamina.fit(table, np.arange(60) % 2, model="resnet")


def test_a_table_is_no_image(network):
    with pytest.raises(DataError, match="there are no images"):
        network.predict(np.zeros((4, 3)))


def test_a_stored_encoder_that_lies_is_refused(network, tmp_path: Path):
    import json

    from lamina.network.artifact import to_files
    from lamina.network.load import from_files

    for change in (
        {"height": 10**9},
        {"channels": 2},
        {"mean": [1.0, 2.0]},
        {"std": [0.0]},
        {"patches": [1]},
    ):
        files = to_files(network)
        schema = json.loads(files["schema.json"])
        schema["blocks"]["image"] |= change
        files["schema.json"] = json.dumps(schema).encode()
        with pytest.raises(ArtifactError):
            from_files(files, 2, place=tmp_path)


def test_a_network_saved_before_it_had_a_depth_loads(network, tmp_path: Path):
    import json

    from lamina.network.artifact import to_files
    from lamina.network.load import from_files

    files = to_files(network)
    config = json.loads(files["config.json"])
    assert config["model"]["options"].pop("depth") == 2
    files["config.json"] = json.dumps(config).encode()
    x, _ = two_kinds(10)
    again = from_files(files, 2, place=tmp_path)
    assert (again.predict_proba(x) == network.predict_proba(x)).all()


def test_a_time_limit_leaves_time_for_the_views_afterwards():
    table = read(two_kinds(100)[0], y=two_kinds(100)[1])
    shares = []
    for kind in ("none", "flip-shift"):
        prepared = prepare(
            table, target="target", keys={"epochs": 5, "valid": 0.2, "test_time_augmentation": kind}
        )
        trainings = _Trainings(prepared, (), lambda: None, 0.0, None, lambda text: None, judged=40)
        shares.append(trainings.share_of_training())
    steps = 3 * 5 * 80
    assert shares == [steps / (steps + 20 + 40), steps / (steps + 6 * (20 + 40))]
