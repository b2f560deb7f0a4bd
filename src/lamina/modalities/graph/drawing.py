"""Drawings of molecules."""

from __future__ import annotations

import io

import numpy as np

from lamina.data.graphs.molecules import has_chemistry, parsed

SIDE = 240  # pixels


def drawn_molecule(text: str) -> np.ndarray | None:
    """Return a drawing of a molecule, uint8 (y, x, 3); None where it cannot be drawn.

    Args:
        text: SMILES.
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
        rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
        drawer.FinishDrawing()
        content = drawer.GetDrawingText()
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))
