"""The form of an encoder of nodes in an artifact's JSON."""

from __future__ import annotations

from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import items, kind, record, wrong

_FORM = record(
    modality=json_checks.text,
    name=json_checks.text,
    width=kind("a whole number", int),
    sparse=kind("true or false", bool),
    mean=json_checks.numbers,
    std=items(json_checks.positive),
)


def check_encoder(value: Any, place: str) -> None:
    """Check the width, and that there is a mean for each dense feature."""
    _FORM(value, place)
    if value["width"] < 0:
        raise wrong(f"{place}.width", "0 or more", value["width"])
    wanted = 0 if value["sparse"] else value["width"]
    for name in ("mean", "std"):
        if len(value[name]) != wanted:
            raise wrong(f"{place}.{name}", f"{wanted} numbers", value[name])
