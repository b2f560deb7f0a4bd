"""From a table and flat keys to a plan: who owns which key, what is chosen, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina.core.errors import ConfigError, DataError
from lamina.core.tree import parameter_count
from lamina.data import AbstractTable, read
from lamina.models import MODELS
from lamina.network.plan import Plan
from lamina.network.prepare import prepare

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 3))
TARGETS: dict[str, Any] = {
    "binary": (X[:, 0] > 0).astype(int),
    "multiclass": np.arange(90) % 3,
    "regression": X[:, 1] + RANDOM.normal(size=90),
    "multilabel": RANDOM.integers(0, 2, (90, 2)),
}
PIXELS = RANDOM.integers(0, 256, (60, 12, 12), np.uint8)
SMALL = {"model": "mlp", "size": 4}
SHARED = {"model": "tabm-mini", "size": 4}


def table_of(data: str) -> AbstractTable:
    return read(PIXELS, y=np.arange(60) % 2) if data == "images" else read(X, y=TARGETS[data])


def plan_of(data: str = "binary", /, **keys: Any) -> Plan:
    target = ["target_0", "target_1"] if data == "multilabel" else "target"
    return prepare(table_of(data), target=target, keys=keys)


def refused(data: str, /, **keys: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        plan_of(data, **keys)
    return str(caught.value)


LEAVE, OR = "\n  fix: leave it out", "\n  fix: leave it out, or "


@pytest.mark.parametrize(
    ("data", "keys", "said"),
    [
        ("binary", {"quantiles": "0.1,0.5"}, "task=regression and 1 more; this run is binary (target "
         "'target')" + OR + "add task=regression"),
        ("multiclass", {"quantiles": (0.5,)}, "task=regression and 1 more; this run is multiclass (target "
         "'target')" + OR + "add task=regression"),
        ("regression", {"class_weight": "balanced"}, "task=binary and 1 more; this run is regression (target "
         "'target')" + OR + "add task=binary"),
        ("regression", {"label_smoothing": 0.1}, "task=binary and 3 more; this run is regression (target "
         "'target')" + OR + "add task=binary"),
        ("multilabel", {"loss": "focal"}, "task=binary and 4 more; this run is multilabel (target "
         "'target_0', 'target_1')" + OR + "add task=binary"),
        ("binary", {"image_size": 32}, "image inputs; this run is binary (target 'target')" + LEAVE),
        ("binary", {"augment": "flip"}, "image inputs; this run is binary (target 'target')" + LEAVE),
        ("binary", {"test_time_augmentation": "flip", "model": "mlp"}, "image inputs; this run is binary "
         "(target 'target') by model=mlp" + LEAVE),
        ("images", {"numeric": "standard"}, "table inputs; this run is binary (target 'target')" + LEAVE),
        ("binary", {"patch": 4, "model": "mlp"}, "model=convnext and 3 more; this run is binary (target "
         "'target') by model=mlp" + LEAVE),
        ("binary", {"patch": 4}, "model=convnext and 3 more; this run's model is tabm-mini" + LEAVE),
        ("images", {"patch": 4}, "model=convnext and 3 more; this run's model is airbench" + OR
         + "choose model=convnext"),
        ("images", {"stem": "large", "model": "vit"}, "model=resnet; this run is binary (target 'target') by "
         "model=vit" + OR + "choose model=resnet"),
        ("binary", {"embedding": "none", "model": "linear"}, "model=ft-transformer and 4 more; this run is "
         "binary (target 'target') by model=linear" + OR + "choose model=ft-transformer"),
    ],
)  # fmt: skip
def test_a_key_of_somebody_who_takes_no_part_is_refused_by_its_owner(
    data: str, keys: dict[str, Any], said: str
):
    name = next(iter(keys))
    assert refused(data, **keys) == f"key '{name}' belongs to {said}"


@pytest.mark.parametrize(
    ("data", "keys", "said"),
    [
        ("binary", {"epohcs": 3}, "unknown key 'epohcs' (did you mean 'epochs'?)"),
        ("images", {"agument": "flip"}, "unknown key 'agument' (did you mean 'augment'?)"),
        ("binary", {"loss": "mse"}, "loss is out of range; expected one of cross_entropy, focal"),
        ("regression", {"loss": "focal"}, "loss is out of range; expected one of mse, mae, huber"),
        ("regression", {"quantiles": "0.1,x"}, "not a list; expected values separated by commas, got"),
        ("regression", {"quantiles": "0.1,1"}, "quantiles is out of range; expected levels in (0, 1), got"),
        ("binary", {"monitor": "mse"}, "monitor is out of range; expected one of loss, accuracy, got 'mse'"),
        ("regression", {"monitor": "accuracy"}, "monitor is out of range; expected one of loss"),
        ("binary", {"model": "resnet"}, "model 'resnet' is not for tables; expected one of ft-transformer,"),
        ("images", {"model": "tabm"}, "model 'tabm' is not for images; expected one of airbench, alexnet,"),
        ("images", {"augment": "flop"}, "unknown augmentation 'flop' (did you mean 'flip'?)"),
        ("binary", {"activation": "rule", "model": "mlp"}, "unknown activation 'rule' (did you mean 'relu'"),
        ("binary", {"task": "generation"}, "unknown task 'generation'"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_value_is_refused(data: str, keys: dict[str, Any], said: str):
    assert refused(data, **keys).startswith(said)


def test_every_key_is_resolved_and_written_down():
    plan = plan_of(epochs="7", **SMALL)
    config = plan.config.to_json()
    assert (config["epochs"], config["model"], config["task"], config["folds"]) == (7, "mlp", "binary", 1)
    assert None not in (config["batch_size"], config["lr"], config["weight_decay"])
    assert plan.options == {name: config[name] for name in ("size", *MODELS["mlp"].options)}
    assert plan.choice.reason == "you asked for it"
    assert plan.coding.objective.out_features == 1 and plan.trainings == 1


def test_keys_that_were_given_win_over_those_that_are_chosen():
    plan = plan_of(preset="fast", lr=0.5, schedule="constant", patience=3, size=9, model="mlp")
    training = plan.config.training
    assert (training.lr, training.schedule, training.patience) == (0.5, "constant", 3)
    assert plan.options["size"] == 9


def test_a_model_says_how_numbers_are_scaled_unless_they_are_told():
    assert MODELS["linear"].defaults["numeric"] == "standard"
    assert plan_of("regression", model="linear").config.to_json()["numeric"] == "standard"
    own = plan_of("regression", model="linear", numeric="quantile")
    assert own.config.to_json()["numeric"] == "quantile"
    assert plan_of(**SMALL).config.to_json()["numeric"] == "quantile"


def test_options_of_the_model_come_from_its_signature():
    plan = plan_of("images", model="vit", size=1, depth="1", patch="4", registers=2, pool="mean")
    assert plan.options | {"dropout": 0.0} == plan.options
    assert [plan.options[name] for name in ("depth", "patch", "registers", "pool")] == [1, 4, 2, "mean"]


@pytest.mark.parametrize("value", [None, "auto", "AUTO"])
def test_auto_leaves_every_option_to_what_is_chosen(value: str | None):
    names = ("size", "depth", "dropout", "embedding_width", "members")
    chosen = plan_of(model="tabm-mini")
    assert chosen.options["depth"] == 3 != MODELS["tabm-mini"].options["depth"]  # of the preset
    asked = plan_of(model="tabm-mini", **dict.fromkeys(names, value))
    assert asked.options == chosen.options and asked.config == chosen.config


@pytest.mark.parametrize("value", [None, "auto"])
def test_auto_leaves_augmentation_to_what_is_chosen(value: str | None):
    names = ("image_size", "augment", "test_time_augmentation")
    keys = {"model": "lenet", "size": 1}
    chosen, asked = plan_of("images", **keys), plan_of("images", **keys, **dict.fromkeys(names, value))
    assert asked.config == chosen.config and chosen.config.to_json()["augment"] == ["shift:1"]
    off = plan_of("images", **keys, augment="none", test_time_augmentation="none")
    assert off.coding.augment is None and off.config.to_json()["test_time_augmentation"] == "none"


@pytest.mark.parametrize("name", ["members", "folds"])
def test_ensembles_and_folds_are_keys_of_the_run(name: str):
    plan = plan_of(**SMALL, **{name: 2})
    assert plan.options[name] == 2 and len(plan.models) == (2 if name == "folds" else 1)
    networks = sum(parameter_count(model) for model in plan.models)
    assert networks == 2 * parameter_count(plan_of(**SMALL).models[0])


def test_best_trains_five_folds_of_a_small_table_and_says_what_it_tries():
    plan = plan_of("regression", preset="best", **SHARED)
    assert len(plan.data.folds) == plan.config.run.folds == 5
    assert plan.variants == ({"dropout": 0.0}, {"dropout": 0.1}) and plan.trainings == 6
    valid = np.sort(np.concatenate([rows for _, rows in plan.data.folds]))
    np.testing.assert_array_equal(valid, plan.data.learning_rows)
    assert not plan.data.is_repeated
    settled = plan.with_options({"dropout": 0.1})
    assert settled.options["dropout"] == settled.config.to_json()["dropout"] == 0.1
    assert plan.model(1, {}) is plan.models[1] and plan.model(1, {"dropout": 0.1}) is not plan.models[1]


@pytest.mark.parametrize("keys", [{"dropout": 0.2}, {"valid": 0}])
def test_nothing_is_tried_that_was_given_or_that_nobody_could_judge(keys: dict[str, Any]):
    plan = plan_of("regression", preset="best", **SHARED, **keys)
    assert plan.variants == ({},) and plan.trainings == 5
    assert plan.options["dropout"] == keys.get("dropout", 0.1)


def test_members_that_nobody_asked_for_are_written_down():
    plan = plan_of("regression", **SHARED)
    assert plan.config.to_json()["members"] == plan.options["members"] == 8
    assert plan_of(**SMALL).config.to_json()["members"] is None


def test_folds_of_a_split_that_the_data_name_are_that_split():
    """Unless folds are asked for, which take turns."""
    split = np.array(["train", "valid", "train"])[np.arange(90) % 3]
    table = read({"a": X[:, 0], "b": X[:, 1], "part": split, "y": TARGETS["binary"]})
    plan = prepare(table, target="y", keys={**SHARED, "split": "part", "preset": "best"})
    assert plan.data.is_repeated and len(plan.models) == 5
    np.testing.assert_array_equal(plan.data.valid_rows, np.flatnonzero(split == "valid"))
    assert plan.data.learning_rows is plan.data.split.train
    turns = prepare(table, target="y", keys={**SMALL, "split": "part", "folds": 2})
    assert not turns.data.is_repeated and len(turns.data.learning_rows) == 90


def test_nothing_stops_early_where_nothing_validates():
    plan = plan_of(valid=0, **SMALL)
    assert not plan.config.training.early_stopping and not len(plan.data.valid_rows)


def test_rows_are_weighted_by_column_and_class():
    y = (np.arange(80) < 20).astype(int)
    table = read({"a": RANDOM.normal(size=80), "w": np.where(y, 3.0, 1.0), "y": y})
    plain = prepare(table, target="y", keys={**SMALL, "weight": "w", "valid": 0})
    rows = plain.data.split.train
    weights, classes = plain.training_examples(rows).arrays["weight"], y[rows]
    assert weights.mean() == pytest.approx(1.0)
    assert weights[classes == 1][0] / weights[classes == 0][0] == pytest.approx(3.0)
    keys = {**SMALL, "weight": "w", "valid": 0, "class_weight": "balanced"}
    balanced = prepare(table, target="y", keys=keys).training_examples(rows).arrays["weight"]
    assert balanced[classes == 1].sum() == pytest.approx(balanced[classes == 0].sum())
    assert plain.examples(rows).arrays["weight"].max() == 3.0  # those that validate are not scaled


def test_images_keep_the_name_of_their_column(tmp_path):
    from PIL import Image

    for index, image in enumerate(PIXELS[:40]):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    lines = [f"{index}.png,{'ab'[index % 2]}" for index in range(40)]
    (tmp_path / "scans.csv").write_text("scan,kind\n" + "\n".join(lines))
    plan = prepare(read(tmp_path / "scans.csv"), target="kind", keys={"model": "lenet", "size": 1})
    assert [(c.name, c.kind, c.modality) for c in plan.data.schema.inputs] == [("scan", "image", "image")]
    assert list(plan.coding.encoder.to_json()) == ["scan"]
    assert set(plan.data.table.names) == {"scan", "kind"}


def test_warnings_of_the_audit_are_told():
    told: list[str] = []
    table = read(np.repeat(X[:45], 2, axis=0), y=np.repeat(TARGETS["binary"][:45], 2))
    prepare(table, target="target", keys=SMALL, warn=told.append)
    assert told and not any(text.startswith("warning: ") for text in told)


def test_what_cannot_be_learned_from_is_refused():
    with pytest.raises(DataError, match="the target is 1 in every row: there is nothing to learn"):
        prepare(read(X, y=np.ones(90, int)), target="target", keys=SMALL)


def test_the_same_keys_give_the_same_plan():
    one, other = plan_of(**SMALL, seed=3), plan_of(**SMALL, seed="3")
    assert one.config == other.config and one.options == other.options
    np.testing.assert_array_equal(one.data.split.train, other.data.split.train)
