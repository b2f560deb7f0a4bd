"""One class out of several: what two classes and many have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import FRACTION, key, one_of
from lamina.data.schema import CLASSES
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.tasks.base import AbstractSelector, AbstractTarget, Examples, Prediction, Selection
from lamina.tasks.prediction import check
from lamina.tasks.prediction.rare import select_classes
from lamina.tasks.prediction.targets import ClassTarget, RareLabels
from lamina.tasks.prediction.task import AbstractPredictionTask

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.schema import Schema
    from lamina.data.split import SplitKeys
    from lamina.data.table import AbstractTable


@dataclass(frozen=True)
class ClassKeys:
    """The keys of classification."""

    loss: str = key("cross_entropy", "what is minimized", **one_of("cross_entropy", "focal", "perceptron"))
    label_smoothing: float = key(0.0, "share of each label spread over the others", **FRACTION)
    rare: str = key(
        "refuse",
        "classes with too few rows for the split: refused, their rows left out, or all one class (rare)",
        **one_of("refuse", "drop", "merge"),
    )
    class_weight: str | None = key(None, "balanced gives every class the same weight", **one_of("balanced"))


class AbstractClassTask(AbstractPredictionTask, AbstractSelector):
    """Predicts one class out of several.

    Attributes:
        most_classes: how many classes there are, any number without.
    """

    target_kind = CLASSES
    keys = ClassKeys
    most_classes: int | None = None

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the classes."""
        if other is not None:
            yield from check.of_second(subject.schema, other)
            yield from check.of_unseen_labels(subject.table, subject.schema.targets[0], other)
            return
        yield from check.of_targets(
            subject, lambda table, column: check.of_classes(table, column, most=self.most_classes)
        )

    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: ClassKeys) -> Selection:
        """Return the rows of classes that are large enough, or the small ones as one, if asked."""
        return select_classes(table, schema, split, keys.rare)

    def fit(self, learned: Learned, keys: ClassKeys) -> ClassTarget:
        """Learn the classes of the training rows."""
        rare = RareLabels(**learned.facts)
        return ClassTarget.fit(learned.table, learned.schema, learned.rows, rare=rare)

    def weighted(self, examples: Examples, target: AbstractTarget, keys: ClassKeys) -> Examples:
        """Return training examples of which every class has the same total weight, if asked."""
        if keys.class_weight != "balanced":
            return examples
        arrays = examples.arrays
        factors = class_weights(arrays["y"], len(target.labels), arrays["weight"])
        weight = arrays["weight"] * factors.astype(np.float32)
        return dataclasses.replace(examples, arrays={**arrays, "weight": weight})

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: Any, target: AbstractTarget
    ) -> Prediction:
        """Return the most probable class, and the probability of each."""
        probabilities = {
            f"probability_{label}": decoded[:, index] for index, label in enumerate(target.labels)
        }
        return Prediction({"prediction": target.predictions(decoded)}, probabilities=probabilities)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return the quality of the predictions, class by class."""
        from lamina.tasks.prediction.sections import class_sections

        return class_sections(outcome)


def class_weights(targets: np.ndarray, classes: int, weights: np.ndarray) -> np.ndarray:
    """Return one factor a row that gives every class the same total weight: Σw / (classes · Σw_class).

    Args:
        targets: class codes.
        classes: how many classes there are.
        weights: weights of the rows so far.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2, np.ones(4)).round(2).tolist()
        [0.67, 0.67, 0.67, 2.0]
    """
    totals = np.bincount(targets, weights, minlength=classes)
    factors = weights.sum() / (classes * np.where(totals > 0, totals, 1.0))
    return factors[targets]
