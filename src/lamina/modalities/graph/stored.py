"""The form of a graph encoder in an artifact's JSON."""

from __future__ import annotations

import itertools
from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import Check, items, record, wrong
from lamina.modalities.graph.packed import MOST_PER_PLACE

MOST_LENGTH = 1 << 24
MOST_STEPS = 256


def _count(value: Any, place: str) -> None:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise wrong(place, "a whole number from 0", value)


def _code(value: Any, place: str) -> None:
    lists: dict[str, Check] = {"names": json_checks.texts, "number_names": json_checks.texts}
    numbers: dict[str, Check] = {"mean": json_checks.numbers, "std": json_checks.numbers}
    record(letters=items(json_checks.texts), **lists, **numbers)(value, place)
    for one, other in (("names", "letters"), ("number_names", "mean"), ("number_names", "std")):
        if len(value[one]) != len(value[other]):
            raise wrong(f"{place}.{other}", f"{len(value[one])} entries", f"{len(value[other])}")
    for name in ("names", "number_names"):
        if len(set(value[name])) != len(value[name]):
            raise wrong(f"{place}.{name}", "different names", value[name])
    if any(len(set(letters)) != len(letters) or not letters for letters in value["letters"]):
        raise wrong(f"{place}.letters", "different symbols in each column", value["letters"])
    if not all(std > 0 for std in value["std"]):
        raise wrong(f"{place}.std", "numbers above 0", value["std"])


_FORM = record(
    modality=json_checks.text,
    name=json_checks.text,
    nodes=_code,
    edges=_code,
    per_place=json_checks.size,
    widths=items(json_checks.size),
    largest=json_checks.size,
    degrees=items(_count),
    has_degrees=json_checks.flag,
    walk_steps=_count,
)


def check_encoder(value: Any, place: str) -> None:
    """Check the column, the codes of nodes and edges, and how they are laid out."""
    _FORM(value, place)
    if value["per_place"] > MOST_PER_PLACE:
        raise wrong(f"{place}.per_place", f"1 to {MOST_PER_PLACE}", value["per_place"])
    widths = value["widths"]
    if not widths or widths[-1] > MOST_LENGTH or not all(a < b for a, b in itertools.pairwise(widths)):
        raise wrong(f"{place}.widths", f"increasing lengths up to {MOST_LENGTH}", widths)
    if value["walk_steps"] > MOST_STEPS:
        raise wrong(f"{place}.walk_steps", f"0 to {MOST_STEPS}", value["walk_steps"])
    if not value["degrees"]:
        raise wrong(f"{place}.degrees", "one or more", value["degrees"])
