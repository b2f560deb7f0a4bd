"""Numbers of atoms: their sums are the properties of the molecule that RDKit states by itself."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.data.graphs.molecules import NUMBER_NAMES, MoleculeColumn

Chem = pytest.importorskip("rdkit.Chem")
from rdkit.Chem import Crippen, rdMolDescriptors  # noqa: E402

from lamina.data.graphs.atoms import (  # noqa: E402
    ATOM_NUMBERS,
    MOLECULE_NUMBERS,
    atom_numbers,
    molecule_numbers,
)

TEXTS = ("CCO", "CC(=O)Oc1ccccc1C(=O)O", "[Na+].[Cl-]", "Cl[Pt](Cl)(N)N", "C", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C")


@pytest.mark.parametrize("text", TEXTS)
def test_contributions_add_up(text: str):
    molecule = Chem.MolFromSmiles(text)
    found = atom_numbers(molecule)
    assert found.shape == (molecule.GetNumAtoms(), len(ATOM_NUMBERS)) and np.isfinite(found).all()
    sums = dict(zip(ATOM_NUMBERS, found.sum(axis=0), strict=True))
    assert sums["log_p"] == pytest.approx(Crippen.MolLogP(molecule), abs=1e-6)
    assert sums["refractivity"] == pytest.approx(Crippen.MolMR(molecule), abs=1e-6)
    assert sums["polar_area"] == pytest.approx(rdMolDescriptors.CalcTPSA(molecule), abs=1e-6)
    assert molecule_numbers(molecule).shape == (len(MOLECULE_NUMBERS),)


def test_charges_add_up_to_that_of_the_molecule():
    for text, charge in (("CCO", 0.0), ("CC(=O)[O-]", -1.0), ("[NH4+]", 1.0)):
        found = atom_numbers(Chem.MolFromSmiles(text))[:, ATOM_NUMBERS.index("partial_charge")]
        assert found.sum() == pytest.approx(charge, abs=1e-6)


def test_a_column_has_them_beside_its_symbols():
    graphs = MoleculeColumn.of("drug", ["CCO", "OCC", None, "no molecule"]).graphs
    assert graphs.nodes.number_names == NUMBER_NAMES and graphs.nodes.numbers.shape == (6, len(NUMBER_NAMES))
    one, other = graphs.nodes.numbers[:3], graphs.nodes.numbers[3:]
    np.testing.assert_allclose(one, other[::-1], rtol=1e-6)
    whole = list(NUMBER_NAMES).index("atoms")
    assert (graphs.nodes.numbers[:, whole] == 3).all()
