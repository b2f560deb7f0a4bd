"""A trained network by its place, with words for the ways in which it may not be there."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.core.errors import ArtifactError

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.network.network import Network


def load_network(place: str) -> Network:
    """Load the network of a run folder, or a saved network.

    Args:
        place: the folder.

    Raises:
        ArtifactError: there is none, it is damaged, or the run has not ended.
    """
    path = Path(place)
    if not path.exists():
        raise ArtifactError("no such run", where=place, fix="give the folder that `lamina fit` wrote")
    if is_unfinished(path):
        way = shlex.join(["lamina", "resume", place])
        raise ArtifactError("the run has not ended, so it has no network yet", where=place, fix=way)
    from lamina.network.load import load

    return load(path)


def read_for(network: Network, data: str, keys: Mapping[str, str]) -> AbstractTable:
    """Return data as a network reads them; what had to be guessed is said on standard error.

    Args:
        network: the trained network.
        data: a path, or ``-``.
        keys: of the reader of the file.

    Raises:
        DataError: they cannot be read, or do not fit the network.
        ConfigError: a key is none of this file.
    """
    table = network.read(data, **keys)
    for doubt, fix in table.doubts:
        print(f"lamina: {table.source}: {doubt} ({fix})", file=sys.stderr)
    return table


def is_unfinished(path: Path) -> bool:
    """Return whether a folder is a run without a network."""
    return (path / "config.toml").is_file() and not (path / "network").is_dir()
