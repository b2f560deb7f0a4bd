"""Molecules as graphs: atoms are nodes, bonds are edges."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lamina.core.errors import MissingExtraError
from lamina.data.graphs.atoms import ATOM_NUMBERS, MOLECULE_NUMBERS, atom_numbers, molecule_numbers
from lamina.data.graphs.column import AbstractGraphColumn
from lamina.data.graphs.store import Features, Graphs

INSTALL = "pip install 'lamina[chem]'"
ATOM_NAMES = ("element", "degree", "charge", "hydrogens", "hybridization", "chirality", "aromatic", "ring")
BOND_NAMES = ("bond", "stereo", "conjugated", "ring")
NUMBER_NAMES = (*ATOM_NUMBERS, *MOLECULE_NUMBERS)
_SHOWN = 80  # characters of a text in a message


def has_chemistry() -> bool:
    """Return whether the library that reads molecules is installed."""
    return importlib.util.find_spec("rdkit") is not None


def chemistry() -> Any:
    """Return RDKit's module of molecules.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        from rdkit import Chem
    except ImportError as error:
        raise MissingExtraError("molecules are read by RDKit, which is not installed", fix=INSTALL) from error
    return Chem


class Molecules:
    """Different molecules by their SMILES, read when they are first asked for.

    Args:
        texts: SMILES, each once.
    """

    def __init__(self, texts: Sequence[str]):
        self.texts = tuple(texts)

    @cached_property
    def _read(self) -> tuple[Graphs, dict[int, str], tuple[str, ...]]:
        """The graphs, what is wrong with some texts, and the canonical texts."""
        return read_molecules(self.texts)

    @property
    def graphs(self) -> Graphs:
        """One graph a text, without nodes where it cannot be read."""
        return self._read[0]

    @property
    def faults(self) -> Mapping[int, str]:
        """The texts that cannot be read, each with what is wrong with it."""
        return self._read[1]

    @cached_property
    def digests(self) -> np.ndarray:
        """uint64 for each text, equal where the canonical SMILES are."""
        return np.array([_digest(text) for text in self._read[2]], np.uint64)

    @cached_property
    def scaffolds(self) -> tuple[str | None, ...]:
        """The scaffold of each as `scaffold_of` writes it, None where the text cannot be read."""
        return tuple(scaffold_of(text) for text in self.texts)


class MoleculeColumn(AbstractGraphColumn):
    """A column of SMILES, read as graphs of atoms and bonds.

    Args:
        name: the name of the column.
        molecules: the different ones.
        codes: for each row which of them stands there, -1 for none.
    """

    def __init__(self, name: str, molecules: Molecules, codes: np.ndarray):
        self.name, self.molecules, self.codes = name, molecules, codes
        self._own: Graphs | None = None

    @staticmethod
    def of(name: str, texts: Iterable[str | None]) -> MoleculeColumn:
        """Return the column of some texts; an empty one, or None, is no molecule.

        Args:
            name: of the column.
            texts: SMILES.

        Example:
            >>> MoleculeColumn.of("drug", ["CCO", None, " CCO "]).codes.tolist()
            [0, -1, 0]
        """
        place: dict[str, int] = {}
        stripped = [(text or "").strip() for text in texts]
        codes = [place.setdefault(text, len(place)) if text else -1 for text in stripped]
        return MoleculeColumn(name, Molecules(list(place)), np.array(codes, np.int64))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def graphs(self) -> Graphs:
        """The molecules of the rows; one without atoms where there is none."""
        if self._own is None:
            self._own = _with_empty(self.molecules.graphs).take(self.codes)
        return self._own

    def take(self, rows: np.ndarray) -> MoleculeColumn:
        """Return the column at the given rows; nothing is read."""
        return MoleculeColumn(self.name, self.molecules, self.codes[np.asarray(rows)])

    def named(self, name: str) -> MoleculeColumn:
        """Return the same molecules under a name."""
        return self if name == self.name else MoleculeColumn(name, self.molecules, self.codes)

    def missing(self) -> np.ndarray:
        """Return where no molecule is named; one that cannot be read is a fault, not a gap."""
        return self.codes < 0

    def faults(self) -> dict[int, str]:
        """Return the rows whose text cannot be read, each with what is wrong with it."""
        wrong = self.molecules.faults
        bad = np.flatnonzero(np.isin(self.codes, list(wrong))) if wrong else np.arange(0)
        return {row: wrong[int(self.codes[row])] for row in bad.tolist()}

    def files(self) -> list[str]:
        """Return none: the texts stand in the table."""
        return []

    def digests(self) -> np.ndarray:
        """Return uint64 for each row, equal for equal molecules however they are written, 0 for none."""
        return np.array([*self.molecules.digests.tolist(), 0], np.uint64)[self.codes]

    def scaffolds(self) -> np.ndarray:
        """Return int64 for each row, equal where molecules share a scaffold, -1 where there is none to read.

        Example:
            >>> MoleculeColumn.of("drug", ["c1ccccc1CC", "CCO", "Oc1ccccc1", None, "N"]).scaffolds().tolist()
            [1, 0, 1, -1, 0]
        """
        own = self.molecules.scaffolds
        place = {
            text: number for number, text in enumerate(sorted({text for text in own if text is not None}))
        }
        codes = [-1 if text is None else place[text] for text in own]
        return np.array([*codes, -1], np.int64)[self.codes]

    def value(self, row: int) -> str:
        """Return the SMILES of a row, or an empty text."""
        code = int(self.codes[row])
        return "" if code < 0 else self.molecules.texts[code]


def read_molecules(texts: Sequence[str]) -> tuple[Graphs, dict[int, str], tuple[str, ...]]:
    """Return molecules as graphs, what is wrong with texts that are none, and their canonical SMILES.

    Args:
        texts: SMILES. A text that cannot be read becomes a graph without nodes.

    Raises:
        MissingExtraError: RDKit is not installed.
    """
    chemistry()
    from rdkit import rdBase

    atoms, bonds, edges, counts, faults, canonical = [], [], [], [], {}, []
    numbers = [np.zeros((0, len(NUMBER_NAMES)))]
    with rdBase.BlockLogs():
        for place, text in enumerate(texts):
            molecule, why = parsed(text)
            if why:
                faults[place] = why
            own = [] if molecule is None else [_atom(atom) for atom in molecule.GetAtoms()]
            links = [] if molecule is None else list(molecule.GetBonds())
            atoms += own
            numbers += [] if molecule is None else [_numbers(molecule)]
            for bond in links:
                ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
                edges += [ends, ends[::-1]]
                bonds += [_bond(bond)] * 2
            counts.append((len(own), 2 * len(links)))
            canonical.append(text if molecule is None else chemistry().MolToSmiles(molecule))
    ends = np.cumsum(np.array(counts, np.int64).reshape(-1, 2), axis=0)
    pairs = np.array(edges, np.int32).reshape(-1, 2)
    nodes, between = _features(atoms, ATOM_NAMES), _features(bonds, BOND_NAMES)
    nodes = nodes.with_numbers(np.concatenate(numbers), NUMBER_NAMES)
    return Graphs(ends[:, 0], ends[:, 1], pairs, nodes, between), faults, tuple(canonical)


def parsed(text: str) -> tuple[Any, str]:
    """Return RDKit's molecule of a text, or None and what is wrong with it.

    Args:
        text: SMILES.
    """
    chem = chemistry()
    molecule = chem.MolFromSmiles(text)
    if molecule is not None and molecule.GetNumAtoms():
        return molecule, ""
    raw = chem.MolFromSmiles(text, sanitize=False)
    problems = [] if raw is None else chem.DetectChemistryProblems(raw)
    why = problems[0].Message() if problems else "no SMILES"
    return None, f"'{text[:_SHOWN]}': {why}"


def scaffold_of(text: str) -> str | None:
    """Return the rings of a molecule and what links them, as SMILES; empty without rings, None if unreadable.

    Args:
        text: SMILES.

    Example:
        >>> scaffold_of("CCc1ccccc1"), scaffold_of("CCO")
        ('c1ccccc1', '')

    References:
        Bemis, Murcko. The properties of known drugs. 1. Molecular frameworks. J. Med. Chem. 1996.
    """
    chemistry()
    from rdkit import rdBase
    from rdkit.Chem.Scaffolds import MurckoScaffold

    with rdBase.BlockLogs():
        molecule, _ = parsed(text)
        return None if molecule is None else MurckoScaffold.MurckoScaffoldSmiles(mol=molecule)


def _atom(atom: Any) -> tuple[Any, ...]:
    return (
        atom.GetSymbol(),
        atom.GetDegree(),
        atom.GetFormalCharge(),
        atom.GetTotalNumHs(),
        atom.GetHybridization().name,
        atom.GetChiralTag().name,
        atom.GetIsAromatic(),
        atom.IsInRing(),
    )


def _bond(bond: Any) -> tuple[Any, ...]:
    return (bond.GetBondType().name, bond.GetStereo().name, bond.GetIsConjugated(), bond.IsInRing())


def _numbers(molecule: Any) -> np.ndarray:
    """Return the numbers of each atom, those of its molecule behind its own."""
    own, whole = atom_numbers(molecule), molecule_numbers(molecule)
    return np.concatenate([own, np.broadcast_to(whole, (len(own), len(whole)))], axis=1)


def _features(rows: Sequence[tuple[Any, ...]], names: tuple[str, ...]) -> Features:
    """Return symbols of atoms, or of bonds; each different row is looked up once."""
    place: dict[tuple[Any, ...], int] = {}
    codes = np.array([place.setdefault(row, len(place)) for row in rows], np.int64)
    table = [[str(value).lower() if value in (True, False) else str(value) for value in row] for row in place]
    columns = np.array(table, object).reshape(-1, len(names)).T
    alphabets, own = [], []
    for column in columns:
        alphabet = sorted(set(column.tolist()))
        number = {text: at for at, text in enumerate(alphabet)}
        alphabets.append(tuple(alphabet))
        own.append([number[text] for text in column])
    symbols = np.array(own, np.int32).reshape(len(names), -1).T
    none = Features.none(len(codes))
    found = symbols[codes] if len(codes) else np.zeros((0, len(names)), np.int32)
    return Features(found, tuple(alphabets), names, none.numbers, ())


def _with_empty(graphs: Graphs) -> Graphs:
    """Return the graphs with one more, without nodes, where a code of -1 leads."""
    last_node = len(graphs.nodes.symbols)
    node_ends = np.append(graphs.node_ends, last_node)
    edge_ends = np.append(graphs.edge_ends, len(graphs.edges))
    return Graphs(node_ends, edge_ends, graphs.edges, graphs.nodes, graphs.links)


def _digest(text: str) -> int:
    found = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(found, "little") or 1
