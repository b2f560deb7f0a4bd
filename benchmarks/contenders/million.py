"""A process that fits one epoch on a large CSV and says when what was done; arguments: JSON with data."""

import json
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

began = time.perf_counter()

import lamina  # noqa: E402 - its import is part of what is measured
from lamina.train import Callback  # noqa: E402


class Stopwatch(Callback):
    """Notes the seconds at which training begins and its epochs end."""

    def __init__(self) -> None:
        self.marks: dict[str, float] = {}

    def on_train_begin(self, run: Any) -> None:
        self.marks["before training"] = time.perf_counter() - began

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: Any) -> None:
        self.marks["first epoch done"] = time.perf_counter() - began


def main() -> None:
    chosen = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    stopwatch = Stopwatch()
    network = lamina.fit(chosen["data"], target="target", epochs=1, callbacks=[stopwatch], **chosen["keys"])
    valid = {name: float(value) for name, value in network.info.metrics["valid"].items()}
    total = time.perf_counter() - began
    print(json.dumps({**stopwatch.marks, "total": total, "model": network.model_name, "valid": valid}))


if __name__ == "__main__":
    main()
