"""Drawings of molecules."""

from __future__ import annotations

import io

import numpy as np

from lamina.data.graphs.molecules import has_chemistry, parsed

SIDE = 320  # pixels
FOR, AGAINST = (0.16, 0.36, 0.82), (0.77, 0.34, 0.06)  # colors of atoms, told apart with any color vision
MOST_COLOR = 0.65  # of an atom's disk, so that its letter can be read
FAINTEST = 0.08  # strengths below it are not colored


def drawn_molecule(text: str, strengths: np.ndarray | None = None) -> np.ndarray | None:
    """Return a drawing of a molecule, uint8 (y, x, 3); None where it cannot be drawn.

    Args:
        text: SMILES.
        strengths: of each atom, from -1 (orange) over 0 (not colored) to 1 (blue); None colors none.
    """
    if not has_chemistry():
        return None
    from rdkit import rdBase
    from rdkit.Chem import rdDepictor
    from rdkit.Chem.Draw import rdMolDraw2D

    with rdBase.BlockLogs():
        molecule, _ = parsed(text)
        if molecule is None:
            return None
        rdDepictor.Compute2DCoords(molecule)
        drawer = rdMolDraw2D.MolDraw2DCairo(SIDE, SIDE)
        colors = {} if strengths is None else atom_colors(strengths)
        colored = {"highlightAtoms": list(colors), "highlightAtomColors": colors, "highlightBonds": []}
        rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule, **(colored if colors else {}))
        drawer.FinishDrawing()
        content = drawer.GetDrawingText()
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def atom_colors(strengths: np.ndarray) -> dict[int, tuple[float, float, float]]:
    """Return the color of each atom that has one, 0 to 1, paler the less it matters.

    Args:
        strengths: of each atom, from -1 to 1.

    Example:
        >>> atom_colors(np.array([0.0, -1.0]))
        {1: (0.8505, 0.571, 0.389)}
    """
    found = {}
    for atom, strength in enumerate(np.asarray(strengths, np.float64).tolist()):
        if abs(strength) >= FAINTEST:
            share, color = MOST_COLOR * min(1.0, abs(strength)), FOR if strength > 0 else AGAINST
            red, green, blue = (round(1 - share * (1 - part), 4) for part in color)
            found[atom] = (red, green, blue)
    return found
