"""Flat keys at the door, their owners behind it; what is not of this run is refused in words."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from lamina.cli.fit import _key, _option
from lamina.core.errors import ConfigError
from lamina.core.keys import NoKeys, read_value
from lamina.modalities import MODALITIES
from lamina.models import MODELS
from lamina.network.keys import (
    ALWAYS,
    MODEL_OPTIONS,
    always_present,
    check_keys,
    declared_keys,
    filled,
    meanings,
    optional_owners,
    waiting_for_owners,
)
from lamina.tasks import TASKS
from lamina.tasks.base import AbstractTask
from lamina.train.config import TrainConfig

OR = "leave it out, or choose "


def refused(**keys: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        check_keys(keys)
    return str(caught.value)


def test_owners_of_every_run_claim_values_and_texts():
    config = always_present({"epochs": "5", "valid": 0.3, "preset": "fast", "keep": "a, b", "depth": 2})
    assert (config.training.epochs, config.split.valid) == (5, 0.3)
    assert (config.run.preset, config.roles.keep) == ("fast", ("a", "b"))
    assert config.task == NoKeys() and config.modalities == {} and config.model == {}


def test_a_config_is_one_flat_dict():
    config = dataclasses.replace(
        always_present({"drop": ["id"]}),
        modalities={"table": MODALITIES["table"].keys()},
        model={"size": 3},
    )
    flat = config.to_json()
    assert (flat["drop"], flat["numeric"], flat["size"]) == (["id"], "quantile", 3)
    assert (flat["epochs"], flat["task"], flat["valid"]) == (100, None, 0.2)


def test_what_waits_for_its_owner():
    keys = {"epochs": 1, "depth": 2, "loss": "mse", "what": 3}
    assert waiting_for_owners(keys) == {"depth": 2, "loss": "mse", "what": 3}
    task = next(owner for owner in optional_owners() if owner.name == "task=regression")
    assert waiting_for_owners(keys, [task]) == {"depth": 2, "what": 3}


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"epochs": 3, "model": "auto", "patch": 4},
        {"model": "vit", "patch": "4", "pool": "mean"},
        {"loss": "mse"},
        {"loss": "focal"},
        {"image_size": "32", "quantiles": "0.1,0.5"},
        {"task": "classification", "size": 8},
    ],
)
def test_keys_that_some_run_can_have_pass_before_data_are_read(keys: dict[str, Any]):
    check_keys(keys)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"epohcs": 3},
            "unknown key 'epohcs' (did you mean 'epochs'?)\n  fix: `lamina fit --help` lists",
        ),
        ({"quantile": 3}, "unknown key 'quantile' (did you mean 'quantiles'?)"),
        ({"epochs": "many"}, "epochs cannot be read; expected a whole number, got 'many'"),
        ({"valid": 1.0}, "valid is out of range; expected >= 0 and < 1, got 1.0"),
        ({"preset": "bets"}, "preset is out of range (did you mean 'best'?); expected one of fast, balanced"),
        ({"task": "binry"}, "unknown task 'binry' (did you mean 'binary'?); expected one of anomaly, binary"),
        ({"model": "mpl"}, "unknown model 'mpl' (did you mean 'mlp'?)"),
        ({"loss": "l0"}, "loss is out of range; expected one of cross_entropy, focal, perceptron, got 'l0'"),
        ({"size": 0}, "size is out of range; expected > 0, got 0"),
        ({"depth": "-1"}, "depth is out of range; expected >= 0, got -1"),
        ({"dropout": 1}, "dropout is out of range; expected >= 0 and < 1, got 1"),
        ({"pool": "last"}, "pool is out of range; expected one of token, mean, got 'last'"),
        ({"image_size": 0}, "image_size is out of range; expected > 0, got 0"),
        ({"augment": 3}, "not a list; expected values separated by commas, got 3"),
    ],
)
def test_a_wrong_key_is_said_before_data_are_read(keys: dict[str, Any], said: str):
    assert refused(**keys).startswith(said)


@pytest.mark.parametrize(
    ("model", "key", "owner", "fix"),
    [
        ("mlp", "patch", "model=convnext and 3 more", "leave it out"),
        (
            "linear",
            "embedding",
            "model=ft-transformer and 4 more",
            OR + "model=ft-transformer",
        ),
        ("resnet", "drop_path", "model=convnext", OR + "model=convnext"),
        ("resnet", "patch", "model=convnext and 3 more", OR + "model=convnext"),
        ("vit", "stem", "model=resnet", OR + "model=resnet"),
    ],
)
def test_an_option_of_other_models_is_refused_by_their_names(model: str, key: str, owner: str, fix: str):
    """What is proposed takes the inputs that the model takes which was asked for."""
    said = refused(model=model, **{key: 1})
    assert said == f"key '{key}' belongs to {owner}; this run's model is {model}\n  fix: {fix}"


def test_what_was_chosen_fills_what_nobody_gave():
    config = filled(TrainConfig(lr=0.1), {"lr": 1.0, "epochs": 3, "size": 8}, {"lr": "0.1"})
    assert (config.lr, config.epochs) == (0.1, 3)


def test_every_key_of_a_run_has_a_meaning():
    config = always_present({}).to_json() | {"model": "vit", "patch": 4, "quantiles": [], "augment": []}
    found = meanings(config)
    assert found.keys() == config.keys() and all(found.values())
    assert found["patch"] == "side of a patch in pixels"
    assert meanings({"what": 1, "model": "Own"}) == {"what": "", "model": found["model"]}


def test_the_list_of_keys_has_every_owner_and_every_model_option():
    found = declared_keys()
    named = {name for owners in found for name in owners.split(", ")} - {MODEL_OPTIONS}
    tasks = {f"task={name}" for name in TASKS if isinstance(TASKS[name], AbstractTask)}
    expected = {owner.name for owner in ALWAYS} | tasks | {f"{name} inputs" for name in MODALITIES}
    expected |= {
        "CSV and TSV files",
        "JSON lines",
        "JSON files",
        "spreadsheet files",
        "folders of text files",
        "text files",
        "CoNLL files",
        "files of triples",
        "folders of nodes and edges",
    }
    assert named == expected
    assert "task=binary, task=multiclass" in found  # who declare the same keys stand together
    options = {key.field.name: key.owners for key in found[MODEL_OPTIONS]}
    assert set(options["size"]) == set(MODELS) and options["patch"] == (
        "convnext", "dit", "masked-autoencoder", "vit"
    )  # fmt: skip
    of_models = {(name, model) for name, models in options.items() for model in models}
    assert of_models == {
        (name, model)
        for model in MODELS
        for name in ("size", *MODELS[model].options)
        if name != "members"  # the run's
    }


def test_every_declared_key_has_a_meaning_and_its_range_in_words():
    for owner, keys in declared_keys().items():
        for key in keys:
            meta = key.field.metadata
            assert meta["meaning"], (owner, key.field.name)
            assert (meta["check"] is None) == (meta["expected"] == ""), (owner, key.field.name)


@pytest.mark.parametrize("model", ["auto", "vit", "vgg", "mlp"])
def test_every_default_can_be_typed_as_the_help_prints_it(model: str):
    """And then it is the default."""
    keys = [key for keys in declared_keys().values() for key in keys]
    options = {field.name for field in dataclasses.fields(MODELS[model].keys)} if model in MODELS else set()
    for key in keys:
        field, is_option = key.field, set(key.owners) & set(MODELS)
        if is_option and field.name not in options:
            continue
        printed = (_option(key) if is_option else _key(key))[0].partition("=")[2]
        check_keys({"model": model, field.name: printed})
        kept = field.default if is_option == set() else (None, field.default)
        value = read_value(field, printed)
        assert value == kept or (is_option and value in kept), field.name


def test_architectures_are_imported_where_their_options_are_asked_for_only():
    """Importing all of them takes a tenth of a second, which every run would wait."""
    script = (
        "import sys\n"
        "from lamina.network.keys import check_keys, meanings\n"
        "check_keys({'loss': 'mse', 'augment': 'flip', 'numeric': 'standard', 'epochs': 3, 'model': 'mlp'})\n"
        "check_keys({'loss': 'mse', 'depth': 2, 'model': 'mlp'})\n"
        "meanings({'loss': 'mse', 'model': 'mlp', 'size': 3})\n"
        "print(sorted(name for name in sys.modules if name in ('lamina.models.mlp', 'lamina.models.vit')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "['lamina.models.mlp']", done.stderr


def test_one_name_never_means_two_things_in_one_run():
    """A run has one task, one model, any modalities, and those that are always there."""
    always = [name for owner in ALWAYS for name in owner.names]
    modalities = [field.name for name in MODALITIES for field in dataclasses.fields(MODALITIES[name].keys)]
    owners = list(optional_owners())
    for task in (owner for owner in owners if owner.name.startswith("task=")):
        for model in (owner for owner in owners if owner.name.startswith("model=")):
            names = [*always, *modalities, *task.names, *model.names]
            assert len(names) == len(set(names)), (task.name, model.name)


def test_defaults_of_models_are_keys_of_somebody():
    known = {key.field.name for keys in declared_keys().values() for key in keys}
    for name in MODELS:
        assert set(MODELS[name].defaults) <= known
        check_keys({"model": name, **MODELS[name].defaults})
