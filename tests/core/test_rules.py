"""Rules over paths: the first match wins."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.rules import Rules

MODEL = {
    "layers": [{"weight": np.ones(2), "bias": np.ones(1)}, {"weight": np.ones(3)}],
    "steps": np.arange(2),
}


def test_the_first_match_wins():
    rules = Rules({"layers.0.*": 1, "layers.*": 2}, default=3)
    assert [rules[path] for path in ("layers.0.weight", "layers.1.weight", "steps")] == [1, 2, 3]
    assert Rules({"layers.*": 2, "layers.0.*": 1})["layers.0.weight"] == 2
    assert Rules({"layers.*": 2})["steps"] is None


def test_applied_to_a_model_rules_give_a_tree_of_values():
    tree = Rules({"*weight": "decayed", "layers.0.*": "first"}, default="left").apply(MODEL)
    expected = {"layers": [{"weight": "decayed", "bias": "first"}, {"weight": "decayed"}], "steps": "left"}
    assert tree == expected


def test_a_rule_that_matches_nothing_is_an_error():
    with pytest.raises(ConfigError, match=r"rule 'layer\.\*' matches no parameter; expected paths such as"):
        Rules({"layer.*": 0}).apply(MODEL)
    assert Rules({"layer.*": 0}, default=1).apply(MODEL, strict=False)["steps"] == 1
