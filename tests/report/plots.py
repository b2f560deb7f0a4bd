"""A small plot of each kind of panel."""

from __future__ import annotations

import numpy as np

from lamina.core.page import (
    AbstractPanel,
    Axis,
    Band,
    Bars,
    Graph,
    Images,
    Line,
    Mark,
    Matrix,
    Plot,
    Points,
    Series,
    Wave,
)

T = np.arange(12.0)
RANDOM = np.random.default_rng(0)
MASK = np.zeros((16, 16), int)
MASK[4:10, 3:12] = 1


def plot(name: str, *panels: AbstractPanel, **more: object) -> Plot:
    """A plot whose words follow from its name."""
    return Plot(name, f"A {name}", panels, alt=f"It shows a {name}.", **more)


AXES = {"x": Axis("across"), "y": Axis("up")}
PLOTS = {
    found.name: found
    for found in (
        plot(
            "line",
            Line((Series("a", T, T**2), Series("b", T, T, T - 1, T + 1)), (Mark(3.0, "here"),), title="Line"),
        ),
        plot("bars", Bars(np.array([3.0, -1.0]), ("left", "right"), spread=np.array([1.0, np.nan]), **AXES)),
        plot("histogram", Bars(np.array([3, 1, 5]), edges=np.arange(4.0), title="Histogram")),
        plot("points", Points((Series("", T, T[::-1]),), (Series("even", T, T, dashed=True),), **AXES)),
        plot(
            "named", Points((Series("", T, T),), marks=(Mark(1.0, "one $ of them", 1.0), Mark(2.0)), **AXES)
        ),
        plot("matrix", Matrix(np.eye(2), ("a", "b"), ("c", "d"), (("1", ""), ("", "2\n50%")))),
        plot(
            "images",
            Images([RANDOM.integers(256, size=(16, 16, 3))] * 3, ("a\n1",) * 3, [MASK], title="Images"),
        ),
        plot("band", Band((Series("mean", T, T, T - 1, T + 1),), (Series("true", T, T + 0.5, color="ink"),))),
        plot("strokes", Band((Series("", T, T, T - 1, T + 1),), joined=False, x=Axis("rows", "none"))),
        plot("graph", Graph(np.array([[0, 1], [1, 2], [2, 0]]), ("C", "N", "O"), np.array([0, 1, 2]))),
        plot("wave", Wave(np.sin(np.arange(4000) / 9), 1000.0, (Mark(1.0, "yes", end=2.0),), title="Wave")),
        plot("pair", Line((Series("", T, T),)), Points((Series("", T, T),)), Wave(T), across=2),
    )
}
