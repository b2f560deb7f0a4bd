from __future__ import annotations

import pytest

from lamina.cli.arguments import Parser, column_names, merged
from lamina.cli.fit import make_parser
from lamina.core.errors import ConfigError


@pytest.mark.parametrize(
    "words",
    [
        ["a.csv", "epochs=3", "--seed", "1", "lr=1e-3"],
        ["a.csv", "--seed", "1", "epochs=3", "lr=1e-3"],
        ["a.csv", "--seed=1", "lr=1e-3", "epochs=3"],
        ["--seed", "1", "a.csv", "epochs=3", "lr=1e-3"],
    ],
)
def test_pairs_stand_anywhere_after_the_data(words: list[str]):
    options, pairs = make_parser().read(words, pairs=True)
    assert (options.data, options.seed, pairs) == ("a.csv", "1", {"epochs": "3", "lr": "1e-3"})


def test_a_pair_may_hold_anything():
    _, pairs = make_parser().read(["a.csv", "group=a=b c", "keep=", "batch-size=3"], pairs=True)
    assert pairs == {"group": "a=b c", "keep": "", "batch_size": "3"}


def test_an_option_may_hold_an_equals_sign():
    options, pairs = make_parser().read(["a.csv", "--target", "x=y"], pairs=True)
    assert (options.target, pairs) == (["x=y"], {})


@pytest.mark.parametrize(
    ("typed", "read"),
    [('keep=["id"]', "id"), ("keep=['a', 'b']", "a,b"), ('group="b"', "b"), ("keep=[a]", "a")],
)
def test_what_the_audit_advises_can_be_typed(typed: str, read: str):
    _, pairs = make_parser().read(["a.csv", typed], pairs=True)
    assert list(pairs.values()) == [read]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: DATA"),
        (["a.csv", "b.csv"], r"what is 'b\.csv'\?; expected key=value"),
        (["a.csv", "--seed"], "argument --seed: expected one argument"),
        (["a.csv", "--modle", "mlp"], r"unknown option --modle \(did you mean '--model'\?\)"),
        (["a.csv", "--mod", "mlp"], "unknown option --mod"),
        (["a.csv", "--epohcs", "3"], r"unknown option --epohcs \(did you mean 'epochs'\?\)"),
        (["a.csv", "--epochs", "3"], r"keys are written without dashes: epochs=…"),
        (["a.csv", "--batch-size=3"], r"keys are written without dashes: batch_size=3"),
        (["a.csv", "lr=1", "lr=2"], "lr is given twice, as 1 and as 2"),
    ],
)
def test_what_is_wrong_is_said_with_the_fix(words: list[str], message: str):
    with pytest.raises(ConfigError, match=message):
        make_parser().read(words, pairs=True)


def test_a_command_without_pairs_takes_none():
    parser = Parser("evaluate", "Measure.")
    with pytest.raises(ConfigError, match="what is 'a=b'"):
        parser.read(["a=b"])


def test_an_option_and_a_pair_must_agree():
    parser = make_parser()
    assert merged({"seed": "1", "task": None}, {"seed": "1"}, parser) == {"seed": "1"}
    with pytest.raises(ConfigError, match="seed is given twice, as 1 and as 2"):
        merged({"seed": "1"}, {"seed": "2"}, parser)


def test_a_column_whose_name_has_a_comma():
    assert column_names(["price, USD"], ["price, USD"]) == "price, USD"
    assert column_names(["a, b", "c"], ["a", "b", "c"]) == ["a", "b", "c"]
    assert column_names([","], []) == ","
