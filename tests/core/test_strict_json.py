"""What JSON lets pass, and an artifact must not."""

from __future__ import annotations

import json

import pytest

from lamina.core import strict_json
from lamina.core.errors import ArtifactError
from lamina.core.manifest import to_json

VALUE = {"a": [1, 2.5, None, True, "ü\U0001f600"], "b": {"c": {}, "d": []}}


def test_what_lamina_writes_is_read():
    assert strict_json.parse(to_json(VALUE), where="f") == VALUE
    assert strict_json.parse(b'"\\ud83d\\ude00 \\\\ud800"', where="f") == "\U0001f600 \\ud800"
    assert strict_json.parse(b"3", where="f") == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"[1] 2", "Extra data"),
        (b"\xff", "utf-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (json.dumps([1]).encode("utf-16"), "utf-8"),
        (b"NaN", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b'{"a": [{"b": 1e999}]}', "a number is too large"),
        (b'{"a": -1e999}', "a number is too large"),
        (b"1" * 5000, "4300"),
        (b'{"a": 1, "b": 2, "a": 1}', "the key 'a' stands twice"),
        (b"[" * 40 + b"]" * 40, "nested deeper than 32"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper than 32"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b'["\\ud800"]', "surrogates not allowed"),
    ],
)
def test_the_rest_is_refused(content, said):
    with pytest.raises(
        ArtifactError, match=r"(?s)^config.json: is not the JSON that Lamina writes.*fix:"
    ) as caught:
        strict_json.parse(content, where="config.json")
    assert said in str(caught.value)


def test_what_is_too_large_is_not_parsed():
    with pytest.raises(ArtifactError, match="f: is too large; expected 3 bytes at most, got 4"):
        strict_json.parse(b"1234", where="f", most=3)


def test_as_deep_as_allowed():
    depth = strict_json.DEEPEST
    assert strict_json.parse(b"[" * depth + b"]" * depth, where="f")
