"""`lamina.fit`: from data to a trained network in one call."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.errors import LaminaWarning

if TYPE_CHECKING:
    from lamina.core.module import Module
    from lamina.network.network import Network
    from lamina.train.loop.callbacks import Callback


def fit(
    data: Any,
    y: Any = None,
    *,
    target: str | Sequence[str] | None = None,
    model: str | Module = "auto",
    test_data: Any = None,
    sample_weight: Any = None,
    out: str | None = None,
    callbacks: Sequence[Callback] = (),
    **keys: Any,
) -> Network:
    """Train a network on a file, a frame or arrays.

    The data are audited first; what cannot be learned from is refused with the row, the
    column and the fix, and doubtful things come as a `LaminaWarning`. Nothing is written
    unless ``out`` is given.

    Args:
        data: a path, a Polars or pandas frame, a dict of columns, or an array X.
        y: targets of an array X.
        target: column or columns to be predicted; guessed and said when left out.
        model: ``"auto"``, a name from `lamina.list_models`, or a model of your own.
        test_data: labeled data to be evaluated at the end, of the same columns.
        sample_weight: one weight a row, for arrays.
        out: a run folder to write (config, metrics, log, report, network).
        callbacks: called at the events of training.
        **keys: any key that `lamina fit --help` lists: ``seed``, ``epochs``, ``preset``,
            ``time_limit`` …

    Returns:
        The trained `Network`.

    Raises:
        DataError: the data cannot be learned from.
        ConfigError: a key is unknown or out of range; the message suggests the nearest.
        RunError: training could not go on.

    Example:
        >>> net = fit([[0.0, 1.0], [1.0, 0.0]] * 30, ["no", "yes"] * 30, model="mlp", epochs=5)
        >>> net.predict([[1.0, 0.0]]).tolist()
        ['yes']
    """
    began = time.perf_counter()
    from lamina.data.readers.registry import reading_keys
    from lamina.data.source import read, read_beside
    from lamina.network.keys import check_keys

    own = None if isinstance(model, str) else model
    if own is None:
        keys["model"] = model
        check_keys(keys)  # a wrong key is said before a large file is read
    reading = reading_keys(keys)
    table = read(data, y=y, sample_weight=sample_weight, **reading)
    if sample_weight is not None:
        keys.setdefault("weight", "weight")
    if target is None:
        from lamina.tasks.schema import default_target, guess_target

        # Whoever gives y means it, also for a task that could do without.
        target = default_target(table, keys.get("task")) if y is None else guess_target(table)
    test_table = None if test_data is None else read_beside(test_data, reading)
    if out is not None:
        from lamina.runs.start import start_run

        return start_run(
            table,
            target=target,
            keys=keys,
            model=own,
            test_table=test_table,
            out=out,
            callbacks=callbacks,
            began=began,
            warn=_warn,
        ).fitted.network
    from lamina.network import prepare, run

    plan = prepare(table, target=target, keys=keys, model=own, test_table=test_table, warn=_warn)
    return run(plan, callbacks=callbacks, test_table=plan.data.test_table, began=began).network


def _warn(text: str) -> None:
    warnings.warn(text, LaminaWarning, stacklevel=4)
