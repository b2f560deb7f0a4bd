"""How far a score gets worse without something, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.core.page import Axis, Bars, Plot
from lamina.core.wording import plain
from lamina.modalities.permutation import Importance
from lamina.objectives.metrics import metric_number, metric_words

NAMED = 3  # bars whose values a screen reader says


def importance_plot(found: Sequence[Importance], score: str, *, name: str, title: str, when: str) -> Plot:
    """Return one bar for each part of the inputs.

    Args:
        found: in the order of the bars.
        score: name of what was lost.
        name: of the figure.
        title: of the figure.
        when: what was done to the part, such as ``"when a column is shuffled"``.
    """
    words = metric_words(score)
    metric = plain(words.title, 20)
    # a score that is not known is taken for one of which more is better
    moves = ("falls", "fall") if words.higher_is_better or not words.meaning else ("rises", "rise")
    panel = Bars(
        np.array([mean for _, mean, _ in found]),
        tuple(plain(part, 36) for part, _, _ in found),
        spread=np.nan_to_num([std for _, _, std in found]),
        title=f"How far {metric} {moves[0]} {when}",
        x=Axis(f"{moves[1]} of {metric}"),
    )
    listed = ", ".join(f"{plain(part, 36)} {metric_number(mean)}" for part, mean, _ in found[:NAMED])
    alt = f"The strongest: {listed}."
    return Plot(name, title, (panel,), alt=alt, note="Thin bars: standard deviation over the repeats.")
