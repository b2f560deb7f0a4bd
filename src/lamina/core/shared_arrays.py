"""Arrays that all examples share, such as the graph whose nodes the examples are.

In a tree of arrays, first axis = examples, what stands below the key ``"common"`` of a dict is shared: it is
neither gathered, padded nor cut into batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

COMMON = "common"
MOST_TOGETHER = 1 << 14  # examples that are answered at once: it may be the same work for one and for all


def map_examples(
    change: Callable[[Any], Any], tree: Any, *, common: Callable[[Any], Any] | None = None
) -> Any:
    """Return a tree with the arrays of its examples changed, and those that all share as they are.

    Args:
        change: array → array, for arrays whose first axis are the examples.
        tree: of dicts and leaves.
        common: for those that are shared; None leaves them alone.

    Example:
        >>> map_examples(lambda a: a[1:], {"x": {"at": [4, 5], "common": [1, 2]}, "y": [6, 7]})
        {'x': {'at': [5], 'common': [1, 2]}, 'y': [7]}
    """
    if not isinstance(tree, dict):
        return None if tree is None else change(tree)
    own = common or (lambda array: array)
    return {
        name: _map_all(own, part) if name == COMMON else map_examples(change, part, common=common)
        for name, part in tree.items()
    }


def parted(tree: Any) -> tuple[Any, Any]:
    """Return a tree of the examples' arrays alone, and one of the shared ones, None in the others' places.

    Example:
        >>> parted({"at": 3, "common": {"edges": 4}})
        ({'at': 3, 'common': {'edges': None}}, {'at': None, 'common': {'edges': 4}})
    """
    own = map_examples(lambda array: array, tree, common=lambda array: None)
    return own, map_examples(lambda array: None, tree, common=lambda array: array)


def joined(own: Any, common: Any) -> Any:
    """Return what `parted` took apart.

    Example:
        >>> joined(*parted({"x": {"at": 3, "common": {"edges": 4}}, "y": 5}))
        {'x': {'at': 3, 'common': {'edges': 4}}, 'y': 5}
    """
    if not isinstance(own, dict):
        return common if own is None else own
    return {name: joined(part, common[name]) for name, part in own.items()}


def has_common(tree: Any) -> bool:
    """Return whether a tree holds arrays that all examples share.

    Example:
        >>> has_common({"x": {"at": 3, "common": {}}}), has_common({"x": 3})
        (True, False)
    """
    return isinstance(tree, dict) and (COMMON in tree or any(map(has_common, tree.values())))


def of_examples(tree: Any) -> list[Any]:
    """Return the leaves whose first axis are the examples.

    Example:
        >>> of_examples({"x": {"at": 3, "common": {"edges": 4}}, "y": 5})
        [3, 5]
    """
    if not isinstance(tree, dict):
        return [] if tree is None else [tree]
    return [leaf for name, part in tree.items() if name != COMMON for leaf in of_examples(part)]


def _map_all(change: Callable[[Any], Any], tree: Any) -> Any:
    if not isinstance(tree, dict):
        return change(tree)
    return {name: _map_all(change, part) for name, part in tree.items()}
