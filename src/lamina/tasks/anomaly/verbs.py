"""What people do with a network for anomalies: let it score rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError
from lamina.core.keys import key
from lamina.tasks.anomaly.keys import SHARE
from lamina.tasks.base import Verb

if TYPE_CHECKING:
    from lamina.tasks.anomaly.scores import Scores


@dataclass(frozen=True)
class ScoreKeys:
    """The keys of scoring."""

    data: Any = key(None, "rows or images: a file, a folder, or - for CSV on standard input")  # noqa: RUF009
    contamination: float | None = key(
        None, "share of rows to take for anomalies; that of training without", **SHARE
    )


def _score(network: Any, keys: ScoreKeys) -> Scores:
    from lamina.tasks.anomaly.scores import scores_of

    if keys.data is None:
        expected = "a path, a frame, an array"
        raise ConfigError("there is nothing to score", expected=expected, fix="score(data)")
    return scores_of(network, network.read(keys.data), keys.contamination)


VERBS = {
    "score": Verb(
        "how odd each row or image is, and why",
        ScoreKeys,
        _score,
        "DATA --out scores.csv",
        asked="data",
        reads=True,
        shown=lambda scores: scores.lines(),
        told=lambda scores: scores.told(),
        saved={
            ".csv": lambda scores: scores.as_csv(),
            ".jsonl": lambda scores: scores.as_jsonl(),
            ".npz": lambda scores: scores.as_npz(),
            "": lambda scores: scores.as_folder(),
        },
    )
}
