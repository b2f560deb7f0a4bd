"""What older formats of an artefact become: one step a version, on the parsed JSON.

A change of the format raises ``FORMAT_VERSION`` in `lamina.core.manifest` and adds the step
from the version before it here, with a test that loads an artefact of that version. There
has been one format so far, so no step is needed yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.core import manifest

Documents = dict[str, Any]
MIGRATIONS: dict[int, Callable[[Documents], Documents]] = {}


def migrate(documents: Documents, version: int) -> Documents:
    """Return the documents of an artefact in the present format.

    Args:
        documents: file name → parsed JSON, of every JSON file.
        version: the format they are in.

    Raises:
        ArtefactError: a step is missing: the format is older than any that is known.
    """
    for step in range(version, manifest.FORMAT_VERSION):
        if step not in MIGRATIONS:
            raise manifest.too_old(version, min([*MIGRATIONS, manifest.FORMAT_VERSION]))
        documents = MIGRATIONS[step](documents)
    return documents
