"""Which classes are taken for which, and whether stated probabilities hold."""

from __future__ import annotations

import numpy as np

from lamina.core.page import Axis, Bars, Matrix, Plot
from lamina.core.wording import count, plain
from lamina.objectives.metrics import confusion_matrix
from lamina.objectives.metrics.calibration import top_label
from lamina.tasks.calibration import calibration
from lamina.tasks.prediction.judged import JudgedClasses, JudgedLabels

LARGEST_MATRIX = 16  # more classes would leave no room for the numbers
FEW = 6  # classes up to which a cell also holds its share
MOST_CONFUSIONS = 15


def confusion(judged: JudgedClasses) -> Plot | None:
    """Return the confusion matrix, for many classes the most frequent confusions; None where there are none.

    Args:
        judged: of which targets, predictions and names are used.
    """
    if len(judged.names) <= LARGEST_MATRIX:
        return _matrix(judged)
    return _most_frequent(judged)


def _matrix(judged: JudgedClasses) -> Plot:
    names = judged.names
    counts = confusion_matrix(judged.targets, judged.predictions, classes=len(names))
    counts = counts[: len(names), : len(names)]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    few = len(names) <= FEW
    texts = tuple(
        tuple(
            "" if not n else f"{count(n)}\n{share:.0%}" if few else count(n)
            for n, share in zip(*row, strict=True)
        )
        for row in zip(counts, shares, strict=True)
    )
    said = "and their share of the true class" if few else "colored by their share of the true class"
    panel = Matrix(
        shares,
        tuple(names),
        tuple(names),
        texts,
        agree=True,
        title=f"Confusion matrix: rows, {said}",
        x=Axis("predicted"),
        y=Axis("true"),
    )
    right, total = int(np.trace(counts)), int(counts.sum())
    alt = f"{count(right)} of {count(total)} rows are on the diagonal, where the answer is right."
    return Plot("confusion", "Confusions between classes", (panel,), alt=alt)


def _most_frequent(judged: JudgedClasses) -> Plot | None:
    wrong = judged.targets != judged.predictions
    pairs = np.stack([judged.targets[wrong], judged.predictions[wrong]], axis=1)
    pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    if not len(pairs):
        return None
    order = np.argsort(-counts, kind="stable")[:MOST_CONFUSIONS]
    short = [plain(name, 26) for name in judged.names]
    names = tuple(f"{short[true]} → {short[given]}" for true, given in pairs[order])
    panel = Bars(
        counts[order],
        names,
        color="orange",
        title="Most frequent confusions: true → predicted",
        x=Axis("rows", "count"),
    )
    alt = f"The most frequent one is {names[0]}, {count(counts[order[0]])} rows."
    note = f"The {MOST_CONFUSIONS} most frequent ones."
    return Plot("confusion", "Confusions between classes", (panel,), alt=alt, note=note)


def class_calibration(judged: JudgedClasses) -> Plot | None:
    """Return stated probabilities against what happened; None where one of them is not finite.

    Args:
        judged: of two classes the probability of the second is looked at, of more that of the predicted one.
    """
    given = judged.probabilities
    if given.shape[1] <= 2:
        name = f"“{plain(judged.names[1], 30)}”" if len(judged.names) > 1 else "the second class"
        return calibration(judged.targets == 1, given[:, -1], name)
    if judged.targets.max() >= given.shape[1]:
        return None
    return calibration(*top_label(judged.targets, given), "the predicted class")


def label_calibration(judged: JudgedLabels) -> Plot | None:
    """Return stated probabilities against what happened, of all labels together.

    Args:
        judged: of which targets and probabilities are used.
    """
    return calibration(judged.targets[judged.known], judged.probabilities[judged.known], "a label")
