"""The form of a table's encoder in an artifact's JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import Check, items, mapping, optional, record, variant, wrong


def _quantile_scaler(value: Any, place: str) -> None:
    record(kind=json_checks.text, knots=json_checks.numbers, levels=json_checks.numbers)(value, place)
    knots, levels = value["knots"], value["levels"]
    if not 0 < len(knots) == len(levels) or sorted(knots) != knots:
        raise wrong(f"{place}.knots", f"{len(levels)} numbers that never fall", knots)


def _with_bins(check: Check, features: Callable[[Any], int]) -> Check:
    """Return the check of a column that has bin edges for each of its features."""

    def check_all(value: Any, place: str) -> None:
        check(value, place)
        if len(value["bins"]) != features(value):
            raise wrong(f"{place}.bins", f"edges of {features(value)} features", value["bins"])

    return check_all


check_scaler: Check = variant(
    "kind",
    {
        "quantile": _quantile_scaler,
        "standard": record(kind=json_checks.text, mean=json_checks.number, std=json_checks.positive),
    },
)
_COMMON = {"kind": json_checks.text, "name": json_checks.text, "marks_missing": json_checks.flag}


def _scales(value: Any, place: str) -> None:
    mapping(check_scaler)(value, place)
    if not set(value) <= {"elapsed", "year"}:
        raise wrong(place, "elapsed and perhaps year", sorted(value))


def check_date_format(value: Any, place: str) -> None:
    """Check a format of dates, or several; empty is one too."""
    from lamina.data.frame import is_date_format  # takes Polars, which networks without dates do without

    json_checks.text(value, place)
    if not is_date_format(value):
        raise wrong(place, "a format of dates", value)


_BINS = items(json_checks.rising)
_CYCLES = items(json_checks.one_of("month", "day of week", "day of year", "hour"))
_NUMERIC = record(**_COMMON, scaler=check_scaler, bins=_BINS)
_DATETIME = record(**_COMMON, form=check_date_format, cycles=_CYCLES, scales=_scales, bins=_BINS)
_OF_CATEGORIES = {
    "kind": json_checks.text,
    "name": json_checks.text,
    "values": json_checks.texts,
    "knows_missing": json_checks.flag,
}


def _category(value: Any, place: str) -> None:
    """Check a column of categories; networks of before do not say which values are rare."""
    rare = {"rare": optional(json_checks.texts)} if isinstance(value, dict) and "rare" in value else {}
    record(**_OF_CATEGORIES, **rare)(value, place)


_COLUMN = variant(
    "kind",
    {
        "numeric": _with_bins(_NUMERIC, lambda v: 1 + v["marks_missing"]),
        "boolean": record(**_COMMON),
        "datetime": _with_bins(
            _DATETIME, lambda v: len(v["scales"]) + 2 * len(v["cycles"]) + v["marks_missing"]
        ),
        "category": _category,
    },
)

check_encoder: Check = record(modality=json_checks.text, columns=items(_COLUMN))
