"""A small table for every registered modality and task: whoever registers a new one adds it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from lamina.data import AbstractTable, CellTable, ImageColumn, read
from lamina.data.cells import columns_beside
from lamina.data.graphs.column import GraphColumn
from lamina.data.graphs.store import Features, Graphs
from lamina.data.images.store import ArrayImages
from lamina.data.images.table import image_table
from lamina.data.nodes.column import NODE, NodeColumn
from lamina.data.nodes.graph import NodeGraph, sorted_edges

ROWS = 60


def columns(seed: int) -> AbstractTable:
    """A column of each kind, and labels."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=ROWS)
    values = {
        "number": numbers,
        "count": random.integers(0, 9, ROWS),
        "gap": [None if i % 7 == 0 else float(i * 11 % 17) for i in range(ROWS)],
        "flag": random.random(ROWS) < 0.5,
        "word": random.choice(["a", "b", "ü"], ROWS),
        "when": [f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(ROWS)],
        "y": np.where(numbers + random.normal(size=ROWS) > 0, "yes", "no"),
    }
    return read(pl.DataFrame(values))


def images(seed: int) -> AbstractTable:
    """Small images, and labels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (ROWS, 8, 6, 3), dtype=np.uint8)
    return image_table(ArrayImages(pixels), {"y": np.array(["yes", "no"] * (ROWS // 2))}, "<arrays>")


def texts(seed: int) -> AbstractTable:
    """Sentences of a few words, and labels."""
    random = np.random.default_rng(seed)
    words = np.array(
        "the a big small cat dog bird ran sat flew over under house tree naïve don't 12 日本".split()
    )
    lines = [" ".join(random.choice(words, random.integers(4, 9))) + "." for _ in range(ROWS)]
    return read(pl.DataFrame({"note": lines, "y": random.choice(["yes", "no"], ROWS)}))


def nodes(seed: int) -> AbstractTable:
    """Nodes of one graph with numbers, and labels; each edge stands both ways."""
    random = np.random.default_rng(seed)
    pairs = np.unique(np.sort(random.integers(0, ROWS, (4 * ROWS, 2)), axis=1), axis=0)
    pairs = np.concatenate([pairs[pairs[:, 0] < pairs[:, 1]], [[n, (n + 1) % ROWS] for n in range(ROWS)]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    graph = NodeGraph(
        ROWS,
        sorted_edges(np.concatenate([pairs, pairs[:, ::-1]])),
        random.normal(size=(ROWS, 3)).astype(np.float32),
    )
    beside = columns_beside({"y": np.array(["yes", "no"] * (ROWS // 2))}, ROWS, "<arrays>")
    return CellTable({NODE: NodeColumn(NODE, graph)}, beside)


def graphs(seed: int) -> AbstractTable:
    """Rings with chords, a symbol and a number for each node and each edge, and labels."""
    random = np.random.default_rng(seed)
    sizes = np.array([5, 12, *random.integers(3, 12, ROWS - 2)])
    rings = []
    for size in sizes.tolist():
        around = np.stack([np.arange(size), (np.arange(size) + 1) % size], axis=1)
        chords = np.array([[0, 2]])[: size > 3]
        rings.append(np.concatenate([around, around[:, ::-1], chords, chords[:, ::-1]]))
    edges = np.concatenate(rings).astype(np.int32)

    def features(count: int, name: str) -> Features:
        found = Features.of_symbols(random.choice(["a", "b", "c"], count), name)
        return found.with_numbers(random.normal(size=(count, 1)), [f"{name} number"])

    ends = np.cumsum(sizes), np.cumsum([len(ring) for ring in rings])
    found = Graphs(*ends, edges, features(int(sizes.sum()), "node"), features(len(edges), "edge"))
    beside = columns_beside({"y": random.choice(["yes", "no"], ROWS)}, ROWS, "<arrays>")
    return CellTable({"graph": GraphColumn("graph", found)}, beside)


# modality → a maker of tables whose inputs are all its own, different for each seed; the target is "y"
MODALITY_SAMPLES: dict[str, Callable[[int], AbstractTable]] = {
    "image": images,
    "node": nodes,
    "graph": graphs,
    "text": texts,
    "table": columns,
}


@dataclass(frozen=True)
class TaskSample:
    """What a task learns from.

    Args:
        table: with a column that is told apart from the inputs and may hold weights.
        targets: the target columns; none for tasks that need none.
        inputs: the columns that are learned from.
        spare: the column that may hold weights; empty for tasks without weights.
        positions: shape of what stands between rows and outputs, for tasks with an output for each position.
    """

    table: AbstractTable
    targets: tuple[str, ...]
    inputs: tuple[str, ...] = ("a", "b", "c")
    spare: str = "a"
    positions: tuple[int, ...] = ()


NUMBERS = np.random.default_rng(9).normal(size=(ROWS, 3))
TARGETS: dict[str, Any] = {
    "binary": np.where(NUMBERS[:, 0] > 0, "yes", "no"),
    "multiclass": np.random.default_rng(9).choice(["u", "v", "w"], ROWS),
    "multilabel": (NUMBERS[:, :2] > 0).astype(int),
    "regression": 100 + 7 * NUMBERS[:, 0] + NUMBERS[:, 1] ** 2,
}


def rows_of_numbers(given: np.ndarray) -> TaskSample:
    """Three columns of numbers beside the targets."""
    table = read(np.abs(NUMBERS), y=given, names=["a", "b", "c"])
    return TaskSample(table, table.names[3:])


def masks() -> TaskSample:
    """Small images with a class for each pixel."""
    random = np.random.default_rng(9)
    pixels = random.integers(0, 256, (ROWS, 8, 6, 1), dtype=np.uint8)
    cells = {
        "image": ImageColumn("image", ArrayImages(pixels)),
        "mask": ImageColumn("mask", ArrayImages(pixels // 100)),
    }
    table = CellTable(cells, columns_beside({"w": random.random(ROWS)}, ROWS, "<arrays>"))
    return TaskSample(table, ("mask",), ("image",), "w", (8, 6))


def one_text() -> TaskSample:
    """A text of many lines, in which nothing is predicted for a row."""
    random = np.random.default_rng(9)
    words = np.array("the cat sat on a mat and ran".split())
    lines = [" ".join(random.choice(words, 5)) + "\n" for _ in range(8 * ROWS)]
    return TaskSample(read({"text": np.array(["".join(lines)], object)}), (), ("text",), "")


def pairs() -> TaskSample:
    """Sentences, and the same ones in another order of words."""
    random = np.random.default_rng(9)
    words = np.array("the a big small cat dog bird ran sat flew over under house tree".split())
    notes = [random.choice(words, random.integers(5, 9)) for _ in range(ROWS)]
    frame = {"note": [" ".join(n) for n in notes], "other": [" ".join(n[::-1]) + "." for n in notes]}
    table = read(pl.DataFrame({**frame, "w": random.random(ROWS)}))
    return TaskSample(table, ("other",), ("note",), "w", (16,))


def tags() -> TaskSample:
    """Sentences with a tag for each word."""
    random = np.random.default_rng(9)
    known = ["to", "from", "Rome", "Bonn"]
    words = [random.choice(known, random.integers(4, 9)).tolist() for _ in range(ROWS)]
    tagged = [" ".join("B-city" if word[0].isupper() else "O" for word in own) for own in words]
    values = {"note": [" ".join(own) for own in words], "w": random.random(ROWS), "slots": tagged}
    return TaskSample(read(pl.DataFrame(values)), ("slots",), ("note",), "w", (16,))


def clean_images() -> TaskSample:
    """Small images with a column of numbers beside them."""
    random = np.random.default_rng(9)
    pixels = random.integers(0, 256, (ROWS, 8, 6, 1), dtype=np.uint8)
    cells = {"image": ImageColumn("image", ArrayImages(pixels))}
    table = CellTable(cells, columns_beside({"w": random.random(ROWS)}, ROWS, "<arrays>"))
    return TaskSample(table, (), ("image",), "w")


def unlabeled() -> TaskSample:
    """Three columns of numbers, and nothing to predict."""
    return TaskSample(read(np.abs(NUMBERS), names=["a", "b", "c"]), ())


def one_graph() -> TaskSample:
    """Nodes of a graph, and nothing to predict but its edges."""
    return TaskSample(nodes(9).drop(["y"]), (), ("node",), "")


def triples() -> TaskSample:
    """Who is in which place, and which place is in which."""
    random = np.random.default_rng(9)
    people, places = [f"p{i}" for i in range(12)], [f"c{i}" for i in range(6)]
    rows = {(p, "lives_in", c) for p in people for c in random.choice(places, 4, replace=False)}
    rows |= {(places[i], "part_of", places[j]) for i in range(6) for j in range(6) if i < j}
    chosen = random.permutation(sorted(rows))[:ROWS]
    frame = dict(zip(("head", "relation", "tail"), chosen.T.tolist(), strict=True))
    return TaskSample(read(pl.DataFrame(frame)), (), ("head", "relation", "tail"), "")


def series() -> TaskSample:
    """Three series, step by step."""
    steps = np.arange(ROWS)[:, None]
    values = 100 + 7 * np.sin(steps / np.array([3.0, 5.0, 7.0])) + 0.1 * NUMBERS
    return TaskSample(read(values, names=["a", "b", "c"]), (), spare="", positions=(3,))


TASK_SAMPLES = {
    **{name: rows_of_numbers(given) for name, given in TARGETS.items()},
    "segment": masks(),
    "language": one_text(),
    "masked_language": one_text(),
    "translation": pairs(),
    "tagging": tags(),
    "links": one_graph(),
    "enhance": clean_images(),
    "generate": unlabeled(),
    "anomaly": unlabeled(),
    "reconstruct": unlabeled(),
    "knowledge": triples(),
    "forecast": series(),
}
