"""The commands that only some tasks have: their names, so that no task is imported to list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.tasks.base import Verb

# verb → what it does, and the tasks that have it
VERBS: dict[str, tuple[str, tuple[str, ...]]] = {
    "generate": (
        "let a trained network write: what comes next, or a translation",
        ("language", "translation"),
    ),
    "chat": ("talk with a trained network, line by line", ("language",)),
    "fill": ("guess what is hidden in a text", ("masked_language",)),
    "sample": ("draw new samples from a trained generator", ("generate",)),
    "enhance": ("improve images: less noise, holes filled, finer, or colored", ("enhance",)),
    "score": ("how odd each row or image is, and why", ("anomaly",)),
    "reconstruct": ("write rows or images again from their codes", ("reconstruct",)),
    "suggest": ("the most probable edges that a graph lacks", ("links",)),
    "complete": ("find the likeliest entities for the open place of a triple", ("knowledge",)),
    "forecast": ("the steps that come after the last row of data", ("forecast",)),
    "backtest": ("how far past forecasts would have been off, step by step", ("forecast",)),
    "embed": (
        "a vector for each row or text, as the network sees it",
        (
            "binary",
            "multiclass",
            "multilabel",
            "regression",
            "segment",
            "language",
            "masked_language",
            "tagging",
            "translation",
            "reconstruct",
            "links",
            "knowledge",
        ),
    ),
}


def verbs_named(name: str) -> list[Verb]:
    """Return a verb as each task that has it does it.

    Args:
        name: in `VERBS`.
    """
    from lamina.tasks.base import AbstractTask
    from lamina.tasks.registry import TASKS

    tasks = [TASKS[task] for task in VERBS[name][1]]
    return [task.verbs[name] for task in tasks if isinstance(task, AbstractTask)]
