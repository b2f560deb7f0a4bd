"""Whether a column holds molecules, judged from its values."""

from __future__ import annotations

import numpy as np

from lamina.data import dates
from lamina.data.graphs.molecules import INSTALL, MoleculeColumn, has_chemistry, parsed
from lamina.data.graphs.smiles import has_structure, looks_like_smiles
from lamina.data.table import AbstractColumn, ScalarColumn
from lamina.modalities.base import Unreadable

BUILT_SHARE = 0.95  # of the values that are built as SMILES are
STRUCTURE_SHARE = 0.5  # of those with brackets, rings or multiple bonds, which hardly any word has
READ_SHARE = 0.9  # of those that are molecules to RDKit
LEAST_LENGTH = 5.0  # characters on average: codes of products and places are shorter
FEWEST_DIFFERENT = 5
SAMPLE = 200  # values that are looked at
CUT = 200  # characters: longer values are shown their beginning only, which is no molecule
NAMED = "smiles"  # a column that is called so need not show structure


def claimed_molecules(column: AbstractColumn) -> MoleculeColumn | Unreadable | None:
    """Return a column of SMILES as molecules; `Unreadable` where RDKit is not installed; None: it is other.

    Args:
        column: any column.
    """
    if not _is_built_so(column):
        return None
    if not has_chemistry():
        return Unreadable(f"these look like molecules (SMILES), which RDKit reads: {INSTALL}")
    assert isinstance(column, ScalarColumn)  # noqa: S101 - `_is_built_so` says so
    readable = np.mean([_is_molecule(text) for text in _different(column)])
    return molecules_of(column) if readable >= READ_SHARE else None


def molecules_of(column: ScalarColumn) -> MoleculeColumn:
    """Return a column of texts as molecules, whatever they look like.

    Args:
        column: of texts.
    """
    return MoleculeColumn.of(column.name, column.texts().to_list())


def _is_built_so(column: AbstractColumn) -> bool:
    """Return whether the values are built as SMILES are, and no words, codes or categories."""
    if not isinstance(column, ScalarColumn) or column.storage != "string" or column.categorical:
        return False
    values = _different(column)
    if len(values) < FEWEST_DIFFERENT or np.mean([len(value) for value in values]) < LEAST_LENGTH:
        return False
    if np.mean([looks_like_smiles(value) for value in values]) < BUILT_SHARE:
        return False
    return NAMED in column.name.lower() or bool(np.mean(list(map(has_structure, values))) >= STRUCTURE_SHARE)


def _different(column: ScalarColumn) -> list[str]:
    """Return the different values of a sample of the column."""
    sample = [text.strip() for text in dates.sample_of(column, SAMPLE) if len(text) < CUT]
    return list(dict.fromkeys(filter(None, sample)))


def _is_molecule(text: str) -> bool:
    from rdkit import rdBase

    with rdBase.BlockLogs():
        return parsed(text)[0] is not None
