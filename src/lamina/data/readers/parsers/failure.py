"""What a reader from another library says when it fails."""

from __future__ import annotations

_OURS = (
    KeyboardInterrupt,
    SystemExit,
    GeneratorExit,
    MemoryError,
    TypeError,
    AttributeError,
    NameError,
    ImportError,
)


def words_of(failure: BaseException) -> str:
    """Return the first line of a reader's failure; what is no fault of the file is raised again.

    A panic of a reader written in Rust is no ``Exception``, so readers are called under ``except
    BaseException`` and this tells what may be taken for a fault of the file.
    """
    if isinstance(failure, _OURS):
        raise failure
    said = str(failure).strip().splitlines()
    return said[0] if said else type(failure).__name__
