"""The form of an image encoder in an artifact's JSON."""

from __future__ import annotations

from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import items, record, wrong

_MOST_SIDE = 1 << 14
_SIZES = dict.fromkeys(("height", "width", "channels"), json_checks.size)
_FORM = record(
    modality=json_checks.text,
    name=json_checks.text,
    **_SIZES,
    mean=json_checks.numbers,
    std=items(json_checks.positive),
    patches=json_checks.numbers,
)


def check_encoder(value: Any, place: str) -> None:
    """Check sizes, channels, moments and patch covariance."""
    _FORM(value, place)
    for name in ("mean", "std"):
        if len(value[name]) != value["channels"]:
            raise wrong(f"{place}.{name}", f"{value['channels']} numbers", value[name])
    if max(value["height"], value["width"]) > _MOST_SIDE or value["channels"] not in (1, 3):
        raise wrong(place, f"sides up to {_MOST_SIDE} and 1 or 3 channels", [value[n] for n in _SIZES])
    if len(value["patches"]) != (4 * value["channels"]) ** 2:
        raise wrong(f"{place}.patches", f"{(4 * value['channels']) ** 2} numbers", value["patches"])
