"""Nodes and edges."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from lamina.core.page import Graph, Numbers
from lamina.core.wording import plain
from lamina.report.figures.axes import LONGEST_TITLE, name_of
from lamina.report.figures.canvas import INK, LINE, MUTED, PALETTE, PAPER

HEIGHT = 460
NAMED = 60  # nodes up to which names can be read
STEPS = 120


def height(panel: Graph) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    return HEIGHT


def draw(ax: Axes, panel: Graph) -> None:
    """Draw edges, nodes over them, and names where they can be read.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    edges = np.asarray(panel.edges, np.intp).reshape(-1, 2)
    places = placed(panel.nodes, edges) if panel.positions is None else np.asarray(panel.positions, float)
    groups = np.zeros(panel.nodes, int) if panel.groups is None else np.asarray(panel.groups)
    ax.add_collection(LineCollection(list(places[edges]), colors=MUTED, linewidths=0.8, alpha=0.5))
    size = float(np.clip(6000 / max(1, panel.nodes), 8, 90))
    for group in np.unique(groups).tolist():
        color = MUTED if group < 0 else PALETTE[group % len(PALETTE)]
        style = {"s": size, "color": color, "edgecolors": PAPER, "linewidths": 0.8, "zorder": 2}
        name = name_of(panel.legend[group]) if 0 <= group < len(panel.legend) else "_"
        ax.scatter(*places[groups == group].T, label=name, **style)
    here = places[list(panel.marked)].reshape(-1, 2)
    ax.scatter(*here.T, s=3 * size, facecolors="none", edgecolors=INK, linewidths=1.6, zorder=3)
    if panel.nodes <= NAMED:
        for node, (name, (x, y)) in enumerate(zip(panel.names, places, strict=False)):
            shift = {"xytext": (0, 12 if node in panel.marked else 7), "textcoords": "offset points"}
            ax.annotate(plain(name, 20), (x, y), **shift, ha="center", fontsize=9, color=MUTED)
    ax.margins(0.06)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color(LINE)
    ax.set_title(plain(panel.title, LONGEST_TITLE))
    if panel.legend:
        beside = {"columnspacing": 1.0, "handletextpad": 0.1, "borderpad": 0.0}
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, fontsize=10, **beside)


def placed(nodes: int, edges: Numbers) -> Numbers:
    """Return a place in the unit square for each node, the same each time: edges pull, nodes push.

    Cost: nodes² a step, 120 steps; above 2,000 nodes they stand on circles instead.

    Args:
        nodes: how many.
        edges: (edges, 2).

    References:
        T. Fruchterman, E. Reingold, Graph drawing by force-directed placement, Software 21, 1991.
    """
    angle = np.arange(nodes) * 2.39996  # the golden angle: a spiral fills the disk evenly
    places = 0.5 + 0.5 * np.sqrt(np.arange(nodes) / max(1, nodes))[:, None] * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1
    )
    if not 1 < nodes <= 2000:
        return places
    apart = np.sqrt(1 / nodes)
    for step in range(STEPS):
        gap = places[:, None] - places[None]
        far = np.maximum(np.hypot(*np.moveaxis(gap, 2, 0)), 1e-3)
        force = (gap * (apart**2 / far**2)[..., None]).sum(1)
        pull = gap[edges[:, 0], edges[:, 1]] * (far[edges[:, 0], edges[:, 1]] / apart)[:, None]
        np.add.at(force, edges[:, 0], -pull)
        np.add.at(force, edges[:, 1], pull)
        force -= 0.5 * (places - 0.5)  # parts that hang on nothing stay in sight
        length = np.maximum(np.hypot(*force.T), 1e-9)[:, None]
        places = places + force / length * np.minimum(length, 0.1 * (1 - step / STEPS))
    low, high = places.min(0), places.max(0)
    return (places - low) / np.maximum(high - low, 1e-9)
