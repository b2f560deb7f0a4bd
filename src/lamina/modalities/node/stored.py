"""The form of an encoder of nodes in an artifact's JSON."""

from __future__ import annotations

from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import items, one_of, record, wrong
from lamina.modalities.node.encoder import DENSE, KINDS, NONE

_FORM = record(
    modality=json_checks.text,
    name=json_checks.text,
    kind=one_of(*KINDS),
    width=json_checks.size,
    mean=json_checks.numbers,
    std=items(json_checks.positive),
    neighbors=items(json_checks.size),
    names=json_checks.texts,
    sees_columns=json_checks.flag,
    weighs_edges=json_checks.flag,
)


def check_encoder(value: Any, place: str) -> None:
    """Check kind and width, that there is a mean for each dense feature, and a name for each node or none."""
    _FORM(value, place)
    if value["names"] and (value["kind"] != NONE or len(value["names"]) != value["width"]):
        raise wrong(f"{place}.names", f"the names of {value['width']} nodes without features", value["names"])
    wanted = value["width"] if value["kind"] == DENSE else 0
    for name in ("mean", "std"):
        if len(value[name]) != wanted:
            raise wrong(f"{place}.{name}", f"{wanted} numbers", value[name])
