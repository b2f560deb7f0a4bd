"""``config.json`` and ``schema.json``: what stands in them, and that the parts fit one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.data.schema import KINDS
from lamina.network import form
from lamina.network.form import items, mapping, optional, record, variant, wrong
from lamina.objectives import (
    AbstractObjective,
    BinaryObjective,
    MulticlassObjective,
    MultilabelObjective,
    QuantileObjective,
    RegressionObjective,
)

TASKS: dict[str, type[AbstractObjective]] = {
    kind.__name__: kind
    for kind in (
        BinaryObjective,
        MulticlassObjective,
        MultilabelObjective,
        QuantileObjective,
        RegressionObjective,
    )
}
KINDS_OF_TASK = ("binary", "multiclass", "multilabel", "regression")
_FIELDS = {"int": form.size, "float": form.number, "str": form.text, "tuple[float, ...]": form.numbers}
_LABEL_TYPES = ("", "object", *(np.dtype(code).name for code in "?" + "bhilqBHILQ" + "efd"))


def _task(kind: type[AbstractObjective]) -> form.Check:
    fields: tuple[dataclasses.Field[Any], ...] = dataclasses.fields(kind)  # type: ignore[arg-type]
    return record(name=form.text, **{field.name: _FIELDS[str(field.type)] for field in fields})


def _info(value: Any, place: str) -> None:
    """Check what is read of the facts about a run; the rest is only shown."""
    mapping(form.anything)(value, place)
    for name, check in _FACTS.items():
        if name in value:
            check(value[name], f"{place}.{name}")


_METRICS = optional(mapping(optional(form.number)))
_FACTS = {
    "valid": _METRICS,
    "test": _METRICS,
    "rows": mapping(form.number),
    "versions": mapping(form.text),
    "source": form.text,
}
check_config = record(
    model=record(name=form.text, options=mapping(form.scalar)),
    task=variant("name", {name: _task(kind) for name, kind in TASKS.items()}),
    config=mapping(form.anything),
    info=_info,
    history=mapping(items(optional(form.number))),
)


def _quantile_scaler(value: Any, place: str) -> None:
    record(kind=form.text, knots=form.numbers, levels=form.numbers)(value, place)
    knots, levels = value["knots"], value["levels"]
    if not 0 < len(knots) == len(levels) or sorted(knots) != knots:
        raise wrong(f"{place}.knots", f"{len(levels)} numbers that never fall", knots)


def _with_bins(check: form.Check, features: Callable[[Any], int]) -> form.Check:
    """Return the check of a column that has bin edges for each of its features."""

    def check_all(value: Any, place: str) -> None:
        check(value, place)
        if len(value["bins"]) != features(value):
            raise wrong(f"{place}.bins", f"edges of {features(value)} features", value["bins"])

    return check_all


_SCALER = variant(
    "kind",
    {
        "quantile": _quantile_scaler,
        "standard": record(kind=form.text, mean=form.number, std=form.positive),
    },
)
_COMMON = {"kind": form.text, "name": form.text, "marks_missing": form.flag}


def _scales(value: Any, place: str) -> None:
    mapping(_SCALER)(value, place)
    if not set(value) <= {"elapsed", "year"}:
        raise wrong(place, "elapsed and perhaps year", sorted(value))


def _date_format(value: Any, place: str) -> None:
    from lamina.data.frame import is_date_format  # takes Polars, which a network of images does without

    form.text(value, place)
    if not is_date_format(value):
        raise wrong(place, "a format of dates", value)


_BINS = items(form.rising)
_CYCLES = items(form.one_of("month", "day of week", "day of year", "hour"))
_NUMERIC = record(**_COMMON, scaler=_SCALER, bins=_BINS)
_DATETIME = record(**_COMMON, form=_date_format, cycles=_CYCLES, scales=_scales, bins=_BINS)
_COLUMN = variant(
    "kind",
    {
        "numeric": _with_bins(_NUMERIC, lambda v: 1 + v["marks_missing"]),
        "boolean": record(**_COMMON),
        "datetime": _with_bins(
            _DATETIME, lambda v: len(v["scales"]) + 2 * len(v["cycles"]) + v["marks_missing"]
        ),
        "category": record(kind=form.text, name=form.text, values=form.texts, knows_missing=form.flag),
    },
)


def _reason(value: Any, place: str) -> None:
    form.texts(value, place)
    if len(value) != 2:
        raise wrong(place, "a column and why it was left out", value)


_MOST_SIDE = 1 << 14


def _inputs(value: Any, place: str) -> None:
    """Check the encoder: of images, or of the columns of a table."""
    if not isinstance(value, dict) or value.get("kind") != "image":
        record(columns=items(_COLUMN))(value, place)
        return
    sizes = dict.fromkeys(("height", "width", "channels"), form.size)
    moments = {"mean": form.numbers, "std": items(form.positive), "patches": form.numbers}
    record(kind=form.text, name=form.text, **sizes, **moments)(value, place)
    for name in ("mean", "std"):
        if len(value[name]) != value["channels"]:
            raise wrong(f"{place}.{name}", f"{value['channels']} numbers", value[name])
    if max(value["height"], value["width"]) > _MOST_SIDE or value["channels"] not in (1, 3):
        raise wrong(place, f"sides up to {_MOST_SIDE} and 1 or 3 channels", [value[n] for n in sizes])
    if len(value["patches"]) != (4 * value["channels"]) ** 2:
        raise wrong(f"{place}.patches", f"{(4 * value['channels']) ** 2} numbers", value["patches"])


check_schema = record(
    schema=record(
        inputs=items(record(name=form.text, kind=form.one_of(*KINDS), detail=form.text)),
        dropped=items(_reason),
        targets=form.texts,
        task=form.one_of(*KINDS_OF_TASK),
        **dict.fromkeys(("weight", "group", "time", "split"), optional(form.text)),
    ),
    inputs=_inputs,
    target=record(
        task=form.one_of(*KINDS_OF_TASK),
        targets=form.texts,
        labels=items(form.label),
        dtype=form.one_of(*_LABEL_TYPES),
        mean=form.numbers,
        std=items(form.positive),
    ),
)


def check_agreement(task: AbstractObjective, stored: dict[str, Any]) -> None:
    """Check that the parts of a schema speak of the same columns and targets, and fit the task.

    Args:
        task: as the config has it.
        stored: the parsed ``schema.json``, its form checked.

    Raises:
        ArtifactError: naming the part that does not fit.
    """
    schema, target = stored["schema"], stored["target"]
    columns = stored["inputs"].get("columns", [stored["inputs"]])
    encoded = [column["name"] for column in columns]
    inputs = [column["name"] for column in schema["inputs"]]
    if sorted(encoded) != sorted(inputs) or len(set(inputs)) != len(inputs):
        raise wrong("inputs.columns", "the columns of schema.inputs", encoded)
    for part in ("schema", "target"):
        if stored[part]["task"] != task.kind:
            raise wrong(f"{part}.task", task.kind, stored[part]["task"])
    if target["targets"] != schema["targets"] or not schema["targets"]:
        raise wrong("target.targets", "those of schema.targets, one at least", target["targets"])
    for name, length in _lengths(task, len(schema["targets"])).items():
        if len(target[name]) != length:
            raise wrong(f"target.{name}", f"{length} for this task", target[name])


def _lengths(task: AbstractObjective, targets: int) -> dict[str, int]:
    """Return how many labels, targets or means the task asks for."""
    if isinstance(task, BinaryObjective):
        return {"labels": 2, "targets": 1}
    if isinstance(task, MulticlassObjective):
        return {"labels": task.classes, "targets": 1}
    if isinstance(task, MultilabelObjective):
        return {"targets": task.labels}
    return {"targets": task.out_features // _levels(task), "mean": targets, "std": targets}


def _levels(task: AbstractObjective) -> int:
    return len(task.quantiles) if isinstance(task, QuantileObjective) else 1
