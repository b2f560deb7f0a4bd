"""A toy modality and a toy task: what a newcomer writes, and all that a newcomer writes."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from lamina.core.keys import POSITIVE, key
from lamina.core.page import Paragraph, Section
from lamina.data.audit.findings import error
from lamina.modalities import (
    MODALITIES,
    AbstractCheck,
    AbstractEncoder,
    AbstractModality,
    Choice,
    Description,
)
from lamina.objectives.base import AbstractObjective, Score, Shown
from lamina.tasks import TASKS, AbstractTarget, AbstractTask
from lamina.tasks.schema import assign_roles


@dataclass(frozen=True)
class SpectrumKeys:
    peaks: int = key(3, "numbers of a spectrum that are read", **POSITIVE)


class SpectrumEncoder(AbstractEncoder):
    columns, inputs = property(lambda self: (self.name,)), property(lambda self: (self.peaks,))

    def __init__(self, name, peaks):
        self.name, self.peaks = name, peaks

    def transform(self, table, rows=None):
        column = table.column(self.name) if rows is None else table.column(self.name).take(rows)
        words = [str(column.value(row)).split("~")[: self.peaks] for row in range(len(column))]
        return np.array(words, np.float32)

    def to_json(self):
        return {"name": self.name, "peaks": self.peaks}


class Spectra(AbstractModality):
    name, noun, kinds, keys = "spectrum", "spectrum", ("spectrum",), SpectrumKeys

    def claim(self, column, table):
        return column if column.storage == "string" and "~" in str(column.value(0)) else None

    def describe(self, table, names, *, keep):
        return [Description(name, self.name) for name in names]

    def check(self, subject, block, keys):
        return SpectrumCheck()

    def fit(self, table, block, rows, keys):
        return SpectrumEncoder(block.columns[0].name, keys.peaks)

    def restore(self, stored, place):
        return SpectrumEncoder(stored["name"], stored["peaks"])

    def choose(self, situation):
        return Choice("mlp", {"size": 8}, {"epochs": 8, "batch_size": 16, "lr": 0.02}, "spectra are short")

    def sections(self, outcome, block, encoder):
        return [Section("Spectra", (Paragraph(f"{encoder.peaks} peaks were read."),))]


class SpectrumCheck(AbstractCheck):
    findings = across = second = lambda self, *_: iter(())


@dataclass(frozen=True)
class CountObjective(AbstractObjective):
    """Poisson regression: minimize exp(z) − y·z."""

    out_features = 1
    monitor, shown = {"loss": False}, Shown("loss", "valid_loss", lambda value, _: value)
    score = Score("mae", lambda targets, points, weights: float(np.abs(targets - points).mean()))

    def _loss(self, outputs, batch):
        return ((jnp.exp(outputs) - batch["y"] * outputs)[:, 0]) * batch["weight"]

    def losses(self, model, batch, *, key):
        return {"all": (self._loss(model(batch["x"], key=key, train=True), batch).mean(), {})}

    def evaluate(self, model, batch, *, key):
        return {"loss": self._loss(model(batch["x"]), batch).sum(), "weight": batch["weight"].sum()}

    def decode(self, outputs):
        return jnp.exp(outputs)

    def metrics(self, decoded, targets, weights=None):
        return {"mae": float(np.abs(decoded - targets).mean())}

    def point(self, decoded):
        return decoded

    def intervals(self, decoded, targets, weights=None):
        return {}


class CountTarget(AbstractTarget):
    def __init__(self, names):
        self.names = names

    def transform(self, table, rows=None):
        numbers = np.stack([table.scalar(name).numbers() for name in self.names], axis=1)
        return (numbers if rows is None else numbers[rows]).astype(np.float32)

    def predictions(self, decoded):
        return np.round(decoded[:, 0]).astype(int)

    def caption(self, value):
        return str(int(value[0]))

    def to_json(self):
        return {"names": list(self.names)}


class CountTask(AbstractTask):
    name, summary = "count", "predicts how many"

    def roles(self, claims, given):
        return assign_roles(claims, given, task=self.name, target_kind=self.target_kind)

    def check(self, subject, other=None):
        for name in subject.schema.targets:
            if (subject.table.scalar(name).numbers() < 0).any():
                yield error("negative", subject.table.where(name=name), "a count is negative", "correct it")

    def fit(self, learned, keys):
        return CountTarget(learned.schema.targets)

    def restore(self, stored, place):
        return CountTarget(tuple(stored["names"]))

    def objective(self, inputs, target, keys):
        return CountObjective()

    def sections(self, outcome):
        return [Section("Counts", (Paragraph(f"{outcome.count} rows were counted."),))]


MODALITIES.add("spectrum", Spectra())
TASKS.add("count", CountTask())
