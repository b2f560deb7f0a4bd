"""What the network makes at some epochs of its training, seen without touching it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from lamina.network.plan import Plan
from lamina.runs.console import LABEL
from lamina.tasks.preview import FIRST, Preview, Previewer
from lamina.train.loop.callbacks import Callback, RunView

COUNT = round(FIRST**0.5)
LEAST_SECONDS = 60.0  # of a time limit that leaves room for them
MOST_SHARE = 0.02  # of the time limit that they may take


class Previews(Callback):
    """Calls the previewer of a task about six times, more often at the beginning, where more changes.

    Of several networks the first is watched. A preview reads a copy of the model and draws from keys of its
    own, so that a run without a time limit ends with the same weights, bit for bit, as without previews.

    Args:
        previewer: of the task, or None: nothing is seen.
        say: is told the line of each.
        limit: seconds of the run, or None.
        began: when the run began (``time.perf_counter``).
    """

    def __init__(
        self, previewer: Previewer | None, say: Callable[[str], None], *, limit: float | None, began: float
    ):
        enough = limit is None or limit >= LEAST_SECONDS
        self.previewer, self.say = previewer if enough else None, say
        self.limit, self.began = limit, began
        self.found: dict[int, Preview] = {}
        self.network, self.spent = 0, 0.0

    @staticmethod
    def of(plan: Plan, say: Callable[[str], None], *, began: float) -> Previews:
        """Return the previews of a run.

        Args:
            plan: of the run.
            say: is told the line of each.
            began: when the run began.
        """
        coding, config = plan.coding, plan.config.training
        watcher = coding.task.watcher
        given = (coding.objective, coding.encoder, coding.target)
        previewer = None if watcher is None else watcher.previewer(*given, seed=config.seed)
        return Previews(previewer, say, limit=config.time_limit, began=began)

    def on_train_begin(self, run: RunView) -> None:
        """Count the networks, and pass over what a resumed run had seen before."""
        self.network += 1
        self.seen = due(len(run.history.get("epoch", ())) / max(1, run.info["epochs"]))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Look at the model where it is time to."""
        if self.previewer is None or self.network > 1:
            return
        reached = due(self._progress(epoch, run))
        if reached <= self.seen or self._is_too_dear():
            return
        self.seen, started = reached, time.perf_counter()
        self._look(epoch, run)
        self.spent += time.perf_counter() - started

    def _progress(self, epoch: int, run: RunView) -> float:
        share = epoch / max(1, run.info["epochs"])
        if self.limit is None:
            return share
        return max(share, min(1.0, (time.perf_counter() - self.began) / self.limit))

    def _is_too_dear(self) -> bool:
        """Return whether one more might take more than their share of the time limit."""
        more = self.spent / max(1, len(self.found))
        return self.limit is not None and self.spent + more > MOST_SHARE * self.limit

    def _look(self, epoch: int, run: RunView) -> None:
        """Keep what the model makes; a fault of it ends the previews and not the run."""
        try:
            preview = None if self.previewer is None else self.previewer(run.states.model_to_keep())
        except Exception as error:
            self.previewer = None
            self.say(f"warning: no preview of the network ({type(error).__name__}: {error})")
            return
        if preview is None:
            self.previewer = None
            return
        self.found[epoch] = preview
        if preview.line:
            self.say(f"{'sample':<{LABEL}}{preview.line}")


def due(progress: float) -> int:
    """Return how many previews are due after a share of the run: the k-th at (k / 6)² of it.

    Example:
        >>> [due(epoch / 36) for epoch in (0, 1, 3, 4, 9, 36)]
        [0, 1, 1, 2, 3, 6]
    """
    return int(COUNT * max(0.0, progress) ** 0.5 + 1e-9)
