"""Numbers of atoms: what each adds to properties of its molecule, and these properties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

ATOM_NUMBERS = ("log_p", "refractivity", "polar_area", "surface", "partial_charge", "mass")
MOLECULE_NUMBERS = (
    "whole_log_p",
    "whole_refractivity",
    "whole_polar_area",
    "whole_surface",
    "weight",
    "atoms",
    "rotatable_bonds",
    "donors",
    "acceptors",
    "rings",
    "aromatic_rings",
    "saturated_carbons",
)


def atom_numbers(molecule: Any) -> np.ndarray:
    """Return numbers of each atom that is no implicit hydrogen, (atoms, 6), by `ATOM_NUMBERS`.

    Contributions of hydrogens to log P and refractivity count for the atom that they hang on, so that
    sums over a molecule are its log P (partition between octanol and water), molar refractivity and polar
    surface in Å²; the surface is that of the atoms themselves. Partial charges are those of Gasteiger, in
    elementary charges, 0 where the rules do not know an element. The mass is that of the atom without
    hydrogens, in Da.

    Args:
        molecule: of RDKit.

    Example:
        >>> from rdkit import Chem
        >>> round(float(atom_numbers(Chem.MolFromSmiles("CCO"))[:, 0].sum()), 4)
        -0.0014

    References:
        Wildman, Crippen. Prediction of physicochemical parameters by atomic contributions. J. Chem. Inf.
        Comput. Sci. 1999. Ertl, Rohde, Selzer. Fast calculation of molecular polar surface area. J. Med.
        Chem. 2000. Labute. A widely applicable set of descriptors. J. Mol. Graph. Model. 2000. Gasteiger,
        Marsili. Iterative partial equalization of orbital electronegativity. Tetrahedron 1980.
    """
    from rdkit.Chem import AddHs, rdMolDescriptors, rdPartialCharges

    whole = AddHs(molecule)
    count = molecule.GetNumAtoms()  # the same atoms come first in the one with hydrogens
    owners = np.arange(whole.GetNumAtoms())
    for atom in list(whole.GetAtoms())[count:]:
        owners[atom.GetIdx()] = atom.GetNeighbors()[0].GetIdx()
    found = np.zeros((count, len(ATOM_NUMBERS)))
    np.add.at(found[:, :2], owners, np.array(rdMolDescriptors._CalcCrippenContribs(whole)))
    found[:, 2] = list(rdMolDescriptors._CalcTPSAContribs(molecule))
    found[:, 3] = list(rdMolDescriptors._CalcLabuteASAContribs(molecule)[0])
    rdPartialCharges.ComputeGasteigerCharges(molecule)
    for place, atom in enumerate(molecule.GetAtoms()):
        charge = atom.GetDoubleProp("_GasteigerCharge") + atom.GetDoubleProp("_GasteigerHCharge")
        found[place, 4:] = charge if math.isfinite(charge) else 0.0, atom.GetMass()
    return found


def molecule_numbers(molecule: Any) -> np.ndarray:
    """Return numbers of a whole molecule, (12,), by `MOLECULE_NUMBERS`.

    Its log P, refractivity, polar surface and surface; weight in Da, atoms without hydrogens, bonds that turn
    freely, donors and acceptors of hydrogen bonds (Lipinski), rings, aromatic rings, and the share of carbons
    with four neighbors.

    Args:
        molecule: of RDKit.
    """
    from rdkit.Chem import rdMolDescriptors

    return np.array(
        [
            *rdMolDescriptors.CalcCrippenDescriptors(molecule),
            *(rdMolDescriptors.CalcTPSA(molecule), rdMolDescriptors.CalcLabuteASA(molecule)),
            *(rdMolDescriptors.CalcExactMolWt(molecule), molecule.GetNumAtoms()),
            rdMolDescriptors.CalcNumRotatableBonds(molecule),
            *(rdMolDescriptors.CalcNumHBD(molecule), rdMolDescriptors.CalcNumHBA(molecule)),
            *(rdMolDescriptors.CalcNumRings(molecule), rdMolDescriptors.CalcNumAromaticRings(molecule)),
            rdMolDescriptors.CalcFractionCSP3(molecule),
        ]
    )
