"""What is said of data that are unlike those a network was trained on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lamina.core.errors import DataError

if TYPE_CHECKING:
    from lamina.network.unlike import Unlike

STRICT = "refuse data that are unlike the training data"


def say(unlike: Unlike, source: str, *, strict: bool) -> None:
    """Say in one line on standard error what is unlike the training data, if there is anything.

    Args:
        unlike: what is.
        source: where the data came from.
        strict: whether such rows are refused.

    Raises:
        DataError: they are, and there is one.
    """
    text = str(unlike)
    if strict and unlike.strange:
        fix = "correct the rows, train on data that have such, or leave --strict out"
        raise DataError(text, where=source, fix=fix)
    if text:
        print(f"note: {text}", file=sys.stderr)
