"""A trained network by its place, with words for the ways in which it may not be there."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.core.errors import ArtifactError

if TYPE_CHECKING:
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


def is_unfinished(path: Path) -> bool:
    """Return whether a folder is a run without a network."""
    return (path / "config.toml").is_file() and not (path / "network").is_dir()
