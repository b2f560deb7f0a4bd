"""Molecules from SMILES."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import MissingExtraError
from lamina.data.graphs import molecules
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.data.graphs.smiles import LONGEST, looks_like_smiles


@pytest.mark.parametrize(
    "text", ["CCO", "C[C@@H](N)C(=O)O", "c1ccc2ccccc2c1", "[Na+].[Cl-]", "C%12CCCCC%12", "F/C=C/F", "N#N"]
)
def test_these_are_built_as_smiles_are(text: str):
    assert looks_like_smiles(text)


@pytest.mark.parametrize(
    "text", ["", "hello", "C1CC", "C(C", "C)C", "=C", "C=", "A1", "[C", "C C", "yes", "C" * (LONGEST + 1)]
)
def test_these_are_not(text: str):
    assert not looks_like_smiles(text)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "rdkit", None)
    with pytest.raises(MissingExtraError, match=r"lamina\[chem\]"):
        molecules.read_molecules(["C"])


def test_atoms_are_nodes_and_bonds_are_edges_both_ways():
    pytest.importorskip("rdkit")
    column = MoleculeColumn.of("drug", ["CCO", None, "c1ccccc1", "OCC"])
    graphs = column.graphs
    assert graphs.node_counts.tolist() == [3, 0, 6, 3] and graphs.edge_counts.tolist() == [4, 0, 12, 4]
    named = dict(zip(graphs.nodes.names, graphs.nodes.texts(2), strict=True))
    assert named["element"] == "O" and named["hydrogens"] == "1" and named["ring"] == "false"
    assert dict(zip(graphs.links.names, graphs.links.texts(4), strict=True))["bond"] == "AROMATIC"
    assert column.missing().tolist() == [False, True, False, False]
    assert column.value(0) == "CCO" and column.value(1) == ""


def test_a_molecule_is_the_same_however_it_is_written():
    pytest.importorskip("rdkit")
    digests = MoleculeColumn.of("drug", ["CCO", "OCC", "CCN", None]).digests()
    assert digests[0] == digests[1] != digests[2] and digests[3] == 0


def test_what_cannot_be_read_is_named_with_its_reason():
    pytest.importorskip("rdkit")
    column = MoleculeColumn.of("drug", ["C", "CF(C)C", "C1CC", None]).take(np.array([1, 0, 2, 3]))
    found = column.faults()
    assert list(found) == [0, 2]
    assert "'CF(C)C': Explicit valence" in found[0] and found[2] == "'C1CC': no SMILES"
    assert column.graphs.node_counts.tolist() == [0, 1, 0, 0]
