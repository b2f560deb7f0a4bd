"""What the report says of graphs: the atoms that matter, the molecules that were answered worst."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from tests.tasks.prediction.outcomes import outcome

from lamina.core.page import Images, Plot
from lamina.data import read
from lamina.data.cells import with_cells
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.data.schema import NUMBERS, Schema
from lamina.modalities.answers import Answers
from lamina.modalities.base import Outcome
from lamina.modalities.graph import occlusion
from lamina.modalities.graph.drawing import SIDE, drawn_molecule
from lamina.modalities.graph.encoder import GraphEncoder
from lamina.modalities.graph.occlusion import node_effects
from lamina.modalities.graph.sections import RAISES, graph_sections

pytest.importorskip("rdkit")

TEXTS = ["CCO", "c1ccccc1N", "CC(=O)O", "CCCCl"]
TABLE = with_cells(read({"y": np.arange(4.0)}), {"drug": MoleculeColumn.of("drug", TEXTS)})
ENCODER = GraphEncoder.fit(TABLE, "drug", walk_steps=2)
OXYGEN = ENCODER.nodes.letters[0].index("O")  # elements come first


def counted(**changes: Any) -> Outcome:
    """A network that counts atoms of oxygen, and one tenth of each edge."""

    def outputs(arrays: Any) -> np.ndarray:
        own = arrays if changes.get("part") is None else arrays[changes["part"]]
        symbols, edges = (np.asarray(rows(own[name])) for name in ("symbols", "edges"))
        oxygens = (symbols[..., 0] == OXYGEN).sum(axis=1)
        return oxygens + 0.1 * (edges[..., 0] >= 0).reshape(len(edges), -1).sum(axis=1)

    def rows(array: Any) -> Any:
        return array if isinstance(array, np.ndarray) else array.take(np.arange(len(array)))

    part = changes.get("part")

    def transform(table: Any) -> Any:
        own = ENCODER.transform(table)
        return own if part is None else {part: own, "dose": np.zeros((table.height, 1))}

    found = outcome(
        schema=Schema((), (), ("y",), "regression", NUMBERS),
        table=TABLE,
        training=TABLE,
        decoded=np.array([1.0, 0.0, 2.0, 0.0]),
        targets=np.array([5.0, 0.0, 5.0, 1.0]),
        caption=lambda value: f"{float(value):.1f}",
        transform=transform,
        outputs=outputs,
        seconds=9.0,
    )
    return dataclasses.replace(found, **changes)


@pytest.mark.parametrize("part", [None, "drug"])
def test_atoms_that_are_counted_matter_and_edges_stay(part: str | None):
    given = counted(part=part)
    ethanol, acid = node_effects(given, Answers(given), np.array([0, 2]), ENCODER)
    np.testing.assert_allclose(ethanol, [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(acid, [0, 0, 1, 1], atol=1e-12)


def test_molecules_beyond_a_chunk_are_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(occlusion, "CHUNK", 3)
    given = counted()
    found = node_effects(given, Answers(given), np.array([2, 1, 0]), ENCODER)
    assert [effects.sum().round(9) for effects in found] == [2, 0, 1] and [len(f) for f in found] == [4, 7, 3]


def test_when_the_time_is_up_no_more_atoms_are_hidden(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(occlusion, "CHUNK", 3)
    clock = iter(np.arange(0.0, 100.0, 1.0))
    monkeypatch.setattr(occlusion.time, "monotonic", lambda: float(next(clock)))
    given = counted(seconds=2.5)  # two chunks of three: of the first molecule's five graphs all, no more
    found = node_effects(given, Answers(given), np.array([2, 1, 0]), ENCODER)
    assert [len(effects) for effects in found] == [4]


def test_a_hidden_node_has_neither_symbols_nor_numbers():
    arrays = ENCODER.hiding(TABLE, np.array([0, 0]), np.array([-1, 1]))
    whole, hidden = (np.asarray(arrays["symbols"])[row] for row in (0, 1))
    assert (hidden[1] == -1).all() and (hidden[[0, 2]] == whole[[0, 2]]).all() and (whole[:3] >= 0).any()
    assert not np.asarray(arrays["numbers"])[1, 1].any() and np.asarray(arrays["numbers"])[0, 1].any()
    np.testing.assert_array_equal(np.asarray(arrays["edges"])[0], np.asarray(arrays["edges"])[1])
    assert np.asarray(arrays["mask"])[1, :3].all()


def test_colored_atoms_are_seen_in_the_drawing():
    plain, blue = drawn_molecule("CCO"), drawn_molecule("CCO", np.array([0.0, 0.0, 1.0]))
    orange = drawn_molecule("CCO", np.array([0.0, 0.0, -1.0]))
    assert plain is not None and blue is not None and orange is not None and plain.shape == (SIDE, SIDE, 3)

    def excess(image: np.ndarray, channel: int, over: int) -> int:
        return int(np.count_nonzero(image[..., channel].astype(int) - image[..., over] > 60))

    assert excess(blue, 2, 0) > excess(plain, 2, 0) + 100 and excess(orange, 0, 2) > excess(plain, 0, 2) + 100
    np.testing.assert_array_equal(drawn_molecule("CCO", np.zeros(3)), plain)
    assert drawn_molecule("no molecule") is None


def test_the_worst_molecules_are_drawn_with_their_atoms():
    (section,) = graph_sections(counted(), "drug", ENCODER)
    plot = section.blocks[-1]
    assert isinstance(plot, Plot) and plot.note == RAISES
    (panel,) = plot.panels
    assert isinstance(panel, Images)
    assert panel.captions == ("1.0, truth 5.0\nCCO", "2.0, truth 5.0\nCC(=O)O", "0.0, truth 1.0\nCCCCl")
    uncolored = drawn_molecule("CCCCl")
    np.testing.assert_array_equal(panel.images[2], uncolored)  # hiding its atoms changes nothing
    assert not np.array_equal(panel.images[0], drawn_molecule("CCO"))
    (bare,) = graph_sections(counted(seconds=0.0), "drug", ENCODER)
    last = bare.blocks[-1]
    assert isinstance(last, Plot) and not last.note
    np.testing.assert_array_equal(last.panels[0].images[0], drawn_molecule("CCO"))
