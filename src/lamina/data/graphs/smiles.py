"""Texts that may be SMILES, the line notation of molecules, judged by their letters alone."""

from __future__ import annotations

import re

_ATOM = r"\[[^\[\]\s]+\]|Br|Cl|[BCNOPSFI*]|[bcnops]"
_BOND = r"[-=#$:/\\.~]"
_RING = r"%\d\d|\d"
_TOKEN = re.compile(rf"(?P<atom>{_ATOM})|(?P<bond>{_BOND})|(?P<ring>{_RING})|(?P<open>\()|(?P<close>\))")
_STRUCTURE = re.compile(r"[=#()\[\]@\d]")  # what hardly any word has, and most molecules do
LONGEST = 5_000  # characters


def looks_like_smiles(text: str) -> bool:
    """Return whether a text is built as SMILES are: atoms and bonds, brackets and rings closed.

    Nothing is said of its chemistry. O(length)

    Args:
        text: any text.

    Example:
        >>> [looks_like_smiles(text) for text in ("CC(=O)Oc1ccccc1C(=O)O", "CCO", "Bonn", "C1", "hello")]
        [True, True, True, False, False]
    """
    if not text or len(text) > LONGEST:
        return False
    place, depth, last = 0, 0, ""
    rings: set[str] = set()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            return False
        last = str(found.lastgroup)
        if last == "ring":
            rings ^= {found.group().lstrip("%")}
        depth += (last == "open") - (last == "close")
        if depth < 0 or (place == 0 and last != "atom"):
            return False
        place = found.end()
    return not depth and not rings and last != "bond"


def has_structure(text: str) -> bool:
    """Return whether a text has brackets, rings or multiple bonds.

    Example:
        >>> has_structure("C=C"), has_structure("Bonn")
        (True, False)
    """
    return _STRUCTURE.search(text) is not None
