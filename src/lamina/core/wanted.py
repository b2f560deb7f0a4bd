"""What outputs a task wants of a model, and a model can give."""

from __future__ import annotations

ONE = "one"
"""One output an example, as of a classifier."""
EACH = "each"
"""One output for each position of the input, which may depend on all of them: masks, tags of words."""
NEXT = "next"
"""One output for each position, which depends on it and on those before: what comes next."""

WANTED = {
    ONE: "one output an example",
    EACH: "one output for every position",
    NEXT: "one output for every position, from it and those before",
}
