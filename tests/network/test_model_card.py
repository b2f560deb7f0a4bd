"""The model card: what it says, and that nothing in the data can steer it."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from lamina.data.schema import CLASSES, FLAGS, NUMBERS, ColumnSchema, Schema
from lamina.network.info import RunInfo
from lamina.network.model_card import code, model_card, words
from lamina.tasks import TASKS

INFO = RunInfo(
    valid={"accuracy": 0.91, "auc": None},
    test={"accuracy": 0.9034, "auc": 0.95},
    intervals={"accuracy": (0.884, 0.922), "auc": (math.nan, math.nan)},
    rows={"train": 800, "valid": 200, "test": 150},
    epochs=12,
    best_epoch=9,
    seed=3,
    device="cpu",
    source="/home/me/secret place/adult.csv",
    versions={"lamina": "0.1.0", "jax": "0.10.2"},
)


def network(info: RunInfo = INFO, **schema: Any) -> Any:
    """As much of a network as its card reads."""
    columns = {
        "targets": ("income",),
        "inputs": (ColumnSchema("age", "numeric"), ColumnSchema("job", "category")),
        "dropped": (("row_id", "an identifier"),),
        "target_kind": CLASSES,
        "task": "binary",
    }
    return SimpleNamespace(
        info=info,
        schema=Schema(**{**columns, **schema}),
        task=TASKS["binary"],
        model_name="mlp",
        labels=("<=50K", ">50K"),
        parameters=1234,
    )


def card(*arguments: Any, **keys: Any) -> str:
    return model_card(network(*arguments, **keys))


def test_what_a_reader_looks_for():
    text = card()
    assert text.startswith("# `income`: mlp\n")
    for said in [
        "1,234 parameters that predicts which of two classes a row belongs to. 2 classes: `<=50K`, `>50K`.",
        'import lamina\nnetwork = lamina.load(".")  # this folder\nnetwork.predict("new.csv")\n```',
        "| metric | validation (200 rows) | test (150 rows) | 95% interval (test) | meaning |",
        "| `accuracy` | 0.910 | 0.903 | 0.884 to 0.922 | share of the rows answered right |",
        "| `auc` | – | 0.9500 | – |",
        "| `job` | category |",
        "- `row_id`: an identifier",
        "800 rows from `adult.csv` trained, 200 validated; 12 epochs, the weights of epoch 9 kept. Seed 3",
        "- It answers for rows like those",
    ]:
        assert said in text, said
    assert "secret" not in text and "flattering" not in text


def test_without_a_test_set_or_any_measurement():
    validated = card(replace(INFO, test=None, intervals={}))
    assert "| metric | validation (200 rows) | meaning |" in validated and "flattering" in validated
    assert "nothing is known about its quality" in card(RunInfo())


def test_every_table_has_as_many_cells_in_each_row():
    for text in (card(), card(replace(INFO, test=None)), card(replace(INFO, intervals={}))):
        for block in text.split("\n\n"):
            bars = {line.replace("\\|", "").count("|") for line in block.splitlines() if line.startswith("|")}
            assert len(bars) <= 1, block


def test_names_are_shown_and_not_obeyed():
    hostile = "`x`|\n# <script>[a](b) \x00\u202e"
    shown = ColumnSchema(hostile, hostile)
    text = card(targets=(hostile,), inputs=(shown,), dropped=((hostile, hostile),))
    assert code(hostile) == "`'x'\\| # <script>[a](b)   `"
    assert words("# [a](b) <i>") == "\\# \\[a\\](b) \\<i\\>"
    assert text.count("\n# ") == 0 and "\x00" not in text
    outside = "".join(part for i, part in enumerate(text.split("`")) if i % 2 == 0)
    assert "<script>" not in outside.replace("\\<script\\>", "")


def test_many_labels_and_columns_are_cut():
    columns = tuple(ColumnSchema(f"c{i}", "numeric") for i in range(250))
    many = network(inputs=columns, dropped=tuple((f"d{i}", "constant") for i in range(101)))
    many.labels = tuple(range(77))
    text = model_card(many)
    assert "77 classes: `0`, `1`" in text and "and 57 more." in text
    assert "| and 150 more | |" in text and "- and 1 more" in text


def test_labels_are_called_what_they_are():
    flags = network(target_kind=FLAGS, targets=("ham", "spam"))
    flags.task, flags.labels = TASKS["multilabel"], ("ham", "spam")
    assert "predicts which labels a row carries. 2 labels: `ham`, `spam`." in model_card(flags)
    number = network(target_kind=NUMBERS, targets=("price",))
    number.task, number.labels = TASKS["regression"], ("price",)
    assert "predicts a number. 1 target: `price`." in model_card(number)


def test_a_real_network_has_a_card():
    import lamina

    x = np.random.default_rng(0).normal(size=(80, 2))
    net = lamina.fit(x, np.where(x.sum(axis=1) > 0, "yes", "no"), model="logistic", epochs=2)
    text = model_card(net)
    assert "2 classes: `no`, `yes`." in text and "| `accuracy` |" in text
    assert model_card(replace(net)) == text
