from __future__ import annotations

import json
import math

import numpy as np
import pytest

from lamina.cli.output import definitions, json_value, print_json


def test_json_holds_no_nan_and_no_numpy(capsys: pytest.CaptureFixture[str]):
    value = {"a": math.nan, "b": [np.float32(0.5), -math.inf], 3: (np.int64(2), True, None), "c": "größe"}
    print_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == {"a": None, "b": [0.5, None], "3": [2, True, None], "c": "größe"}
    assert "größe" in text


def test_what_json_does_not_know_becomes_text():
    assert json_value({"path": math}) == {"path": str(math)}


def test_definitions_are_wrapped_below_each_other():
    text = definitions([("a", "word " * 40), ("a-name-longer-than-the-column", "x"), ("b", "")], most=10)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[1].startswith(" " * 12 + "word") and lines[-2] == " " * 12 + "x" and lines[-1] == "b"
