"""The names that write the shape of an array in a signature: jaxtyping's, for whoever reads them.

Type checkers, the tests and every process that has imported jaxtyping itself see its types. Others see
stand-ins, because its import is paid at every start and nothing there reads annotations.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Int
else:

    class Float:
        """Stands for an array of floating-point numbers of a shape: ``Float[Array, "b d"]``."""

        def __class_getitem__(cls, _: Any) -> Any:
            return Any

    class Int(Float):
        """Stands for an array of whole numbers of a shape."""

    class Bool(Float):
        """Stands for an array of true and false of a shape."""


__all__ = ["Bool", "Float", "Int"]
