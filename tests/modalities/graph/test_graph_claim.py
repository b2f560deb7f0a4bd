"""Which columns are molecules, and which are not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.casting import cast

from lamina.core.errors import ConfigError, MissingExtraError
from lamina.data import read
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.modalities import MODALITIES, Unreadable
from lamina.modalities.blocks import claimed
from lamina.modalities.graph import claim

SMILES = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C)C(=O)N2C",
    "C1CCCCC1O",
    "CC(C)Cc1ccc(cc1)C",
    "OCC(O)CO",
] * 6
WORDS = {
    "names": ["Bonn", "Cork", "Pisa", "Siena", "Oslo", "Nice", "Ossining"] * 5,
    "codes": ["C1", "B52", "N12-3", "O7", "F16", "P51", "CNN-12"] * 5,
    "states": ["CO", "NC", "IN", "OK", "CN", "SC", "OH"] * 5,
    "sentences": ["the cat sat", "on a mat", "no one ran", "it is so", "we go on"] * 7,
    "formulas": ["C6H12O6", "H2SO4", "NaCl2", "CH3OH", "C2H5OH"] * 7,
    "numbers": ["12", "13", "14", "15", "16"] * 7,
    "hexes": ["(0x1)", "(0x2)", "(0x3)", "(0x4)", "(0x5)"] * 7,
}


def table_of(values: list[str], name: str = "drug"):
    return read(pl.DataFrame({name: values, "y": np.arange(len(values)) % 2}))


@pytest.mark.parametrize("name", WORDS)
def test_ordinary_columns_are_never_molecules(name: str):
    table = table_of(WORDS[name], "smiles" if name == "sentences" else name)
    assert claim.claimed_molecules(table.column(table.names[0])) is None


def test_molecules_are_claimed():
    pytest.importorskip("rdkit")
    found = claimed(table_of(SMILES))
    assert found.modalities["drug"] == "graph" and isinstance(found.table.column("drug"), MoleculeColumn)
    many = ["C" * length + "c1ccccc1" for length in range(1, 31)]
    few = claimed(table_of(["not a molecule", *many]))
    assert few.modalities["drug"] == "graph"


def test_chains_without_structure_are_molecules_where_the_name_says_so():
    pytest.importorskip("rdkit")
    chains = ["C" * length for length in range(4, 20)]
    assert claim.claimed_molecules(table_of(chains).column("drug")) is None
    assert claim.claimed_molecules(table_of(chains, "SMILES").column("SMILES")) is not None


def test_read_as_forces_it():
    pytest.importorskip("rdkit")
    table = table_of(["CO", "NC", "CN", "OO"] * 5)
    assert claimed(table).modalities["drug"] == "table"
    found = claimed(table, ["drug:graph"])
    assert found.table.column("drug").graphs.node_counts.tolist()[:2] == [2, 2]
    with pytest.raises(ConfigError, match="cannot be read as graph"):
        claimed(read(pl.DataFrame({"drug": [1.5, 2.5]})), ["drug:graph"])


def test_without_the_library_the_audit_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(claim, "has_chemistry", lambda: False)
    found = MODALITIES["graph"].claim(table_of(SMILES).column("drug"), table_of(SMILES))
    assert isinstance(found, Unreadable) and "lamina[chem]" in found.reason
    with pytest.raises(ConfigError, match=r"lamina\[chem\]"):
        claimed(table_of(SMILES), ["drug:graph"])


def test_molecules_beside_other_columns_are_a_block_of_their_own():
    pytest.importorskip("rdkit")
    table = read(pl.DataFrame({"drug": SMILES, "dose": np.arange(30.0), "y": np.arange(30) % 2}))
    assert [block.modality.name for block in cast(table, "y").blocks] == ["graph", "table"]


def test_the_extra_is_named_where_molecules_are_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "rdkit", None)
    with pytest.raises(MissingExtraError, match=r"lamina\[chem\]"):
        _ = MoleculeColumn.of("drug", SMILES).graphs
