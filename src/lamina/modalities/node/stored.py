"""The form of an encoder of nodes in an artifact's JSON."""

from __future__ import annotations

from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import items, one_of, record, wrong
from lamina.modalities.node.encoder import DENSE, KINDS

_FORM = record(
    modality=json_checks.text,
    name=json_checks.text,
    kind=one_of(*KINDS),
    width=json_checks.size,
    mean=json_checks.numbers,
    std=items(json_checks.positive),
    neighbors=items(json_checks.size),
)


def check_encoder(value: Any, place: str) -> None:
    """Check kind and width, and that there is a mean for each dense feature."""
    _FORM(value, place)
    wanted = value["width"] if value["kind"] == DENSE else 0
    for name in ("mean", "std"):
        if len(value[name]) != wanted:
            raise wrong(f"{place}.{name}", f"{wanted} numbers", value[name])
