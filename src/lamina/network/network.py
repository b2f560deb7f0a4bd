"""The artifact in memory: model, encoders and task as one thing that predicts."""

from __future__ import annotations

import functools
import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError, DataError, LaminaWarning, suggest
from lamina.core.shared_arrays import MOST_TOGETHER, has_common, map_examples, of_examples
from lamina.data.ragged import Ragged
from lamina.data.schema import CLASSES, FLAGS, Schema
from lamina.data.source import read
from lamina.data.table import AbstractTable
from lamina.modalities.blocks import Encoders, as_learned
from lamina.network.info import RunInfo
from lamina.network.unlike import audit_of, compared
from lamina.objectives.base import AbstractObjective, Answering
from lamina.objectives.regression import QuantileObjective
from lamina.tasks.base import AbstractTarget, AbstractTask, Prediction
from lamina.tasks.examiner import Asked

if TYPE_CHECKING:
    from lamina.core.module import Module
    from lamina.data.audit.findings import Audit

LARGEST_BATCH = 4096
MOST_VALUES = 1 << 20  # of a batch: the activations of images are many times as much


@dataclass(frozen=True)
class Network:
    """A trained model with everything that turns a file into predictions.

    Made by `lamina.fit` and `lamina.load`, not directly.

    Args:
        model: the trained model, arrays on the host.
        model_name: name in the registry, or the class name of a model of your own.
        options: what the architecture was built with, the size dial included.
        task: what was asked for.
        schema: columns and their roles.
        encoder: rows → inputs.
        target: rows → targets, and outputs back.
        objective: losses, metrics and the decoding of outputs.
        config: every key of the run, resolved, by name.
        info: what is worth knowing about the run.
        history: one list a quantity, one entry an epoch.

    Example:
        >>> import lamina
        >>> x = np.linspace(-1, 1, 200)[:, None]
        >>> net = lamina.fit(x, 3 * x[:, 0], model="linear", epochs=60, lr=0.1)
        >>> abs(float(net.predict(np.array([[0.5]]))[0]) - 1.5) < 0.1
        True
    """

    model: Module = field(repr=False)
    model_name: str
    options: dict[str, Any]
    task: AbstractTask
    schema: Schema = field(repr=False)
    encoder: Encoders = field(repr=False)
    target: AbstractTarget = field(repr=False)
    objective: AbstractObjective = field(repr=False)
    config: dict[str, Any] = field(repr=False)
    info: RunInfo = field(repr=False)
    history: dict[str, list[float]] = field(repr=False)

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes as they were given; for other tasks the target columns."""
        return self.target.labels or self.target.names

    @functools.cached_property
    def parameters(self) -> int:
        """How many numbers were learned."""
        from lamina.core.tree import parameter_count

        return parameter_count(self.model)

    def read(self, data: Any, **keys: Any) -> AbstractTable:
        """Return data as a table that the network understands.

        Args:
            data: whatever `lamina.fit` reads; target columns may be absent.
            **keys: of the reader of the file: ``encoding`` of texts, ``sheet`` of workbooks.

        Raises:
            DataError: it cannot be read, or holds no row.
        """
        table = read(data, schema=self.schema, **keys)
        if table.height == 0:
            raise DataError("no rows to predict or evaluate", where=table.source)
        return as_learned(table, self.schema)

    def outputs(self, data: Any) -> np.ndarray:
        """Return decoded outputs: probabilities, or values in the target's own unit.

        Args:
            data: whatever `lamina.fit` reads; target columns may be absent.

        Raises:
            DataError: a column is missing or holds what it must not.
            ConfigError: the task has no outputs for a row.
        """
        check_predicts(self)
        return self.decoded(inputs_of(self, self.read(data)))

    def decoded(self, x: Any, *, by: Answering | None = None) -> np.ndarray:
        """Return decoded outputs of encoded inputs, or what else is asked of the model, such as vectors.

        Args:
            x: from `inputs_of`.
            by: what answers in place of the objective; its answers are left as they are.
        """
        if by is not None:
            return predict_batches(by, self.model, x)
        return self.target.in_unit(predict_batches(self.objective, self.model, x))

    def predict(self, data: Any) -> np.ndarray:
        """Return labels as they were given, or numbers in the target's own unit.

        Args:
            data: a path, a frame, a dict of columns, or an array.

        Returns:
            (rows,) for one target, (rows, targets) for several; 0/1 for each label of many.

        Warns:
            LaminaWarning: rows are unlike those of training (see `check`), once a call.
        """
        return self.target.predictions(self.objective.point(self._answered(data)))

    def prediction(self, data: Any, outputs: np.ndarray | None = None) -> Prediction:
        """Return what `lamina predict` writes.

        Args:
            data: whatever `lamina.fit` reads; target columns may be absent.
            outputs: decoded outputs of these rows, where they are known.
        """
        check_predicts(self)
        table = self.read(data)
        outputs = self.outputs(table) if outputs is None else outputs
        return self.task.predict(outputs, table, self.objective, self.target)

    def predict_proba(self, data: Any) -> np.ndarray:
        """Return the probability of each class (in the order of ``labels``), or of each label.

        Raises:
            DataError: the task has none.

        Warns:
            LaminaWarning: rows are unlike those of training, once a call.
        """
        if self.schema.target_kind not in (CLASSES, FLAGS):
            fix = "use predict, or fit with quantiles=" if self.schema.has_numbers else "use predict"
            raise DataError(f"{self.task.name} has no probabilities", fix=fix)
        return self._answered(data)

    def predict_quantiles(self, data: Any) -> np.ndarray:
        """Return the predicted quantiles, (rows, levels) for one target.

        Raises:
            DataError: the network was not fitted with ``quantiles=``.
        """
        if not isinstance(self.objective, QuantileObjective):
            raise DataError("this network knows no quantiles", fix="fit with quantiles=0.05,0.5,0.95")
        levels = self._answered(data)
        return levels[:, 0] if levels.shape[1] == 1 else levels

    def evaluate(self, data: Any) -> dict[str, float]:
        """Return the metrics on labeled data.

        Args:
            data: whatever `lamina.fit` reads, target columns included; ``(X, y)`` for arrays.

        Raises:
            DataError: the target is absent, or holds labels that training never saw.

        Warns:
            LaminaWarning: rows are unlike those of training, once a call.
        """
        table = self.read(data)
        asked = asked_of(self, table)
        self._warn_of_unlike(table, asked.x if asked.is_by_row else self.encoder.transform(table))
        return self.objective.metrics(self.decoded(asked.x), asked.targets, asked.weights)

    def check(self, data: Any) -> Audit:
        """Return what is unlike the training data: unknown categories, numbers out of range, new gaps.

        A number is out of range where it lies beyond the least or greatest one of training by more than half
        the distance between the two. Data that do not fit the network at all are an error of the audit.

        Args:
            data: whatever `lamina.fit` reads; target columns may be absent.

        Raises:
            DataError: it cannot be read, or holds no row.

        Example:
            >>> import lamina
            >>> rows = {"kind": ["a", "b"] * 18, "price": [1.0, 2.0, 4.0] * 12}
            >>> net = lamina.fit(rows, target="price", model="linear", epochs=1)
            >>> net.check({"kind": ["a", "c", "b"]}).warnings[0].message
            "1 row holds categories that training never saw, the first one 'c'"
        """
        return audit_of(self, self.read(data))

    def _answered(self, data: Any) -> np.ndarray:
        """Return decoded outputs, and warn of rows that are unlike those of training."""
        check_predicts(self)
        table = self.read(data)
        x = self.encoder.transform(table)
        self._warn_of_unlike(table, x)
        return self.decoded(inputs_of(self, table, x))

    def _warn_of_unlike(self, table: AbstractTable, x: Any) -> None:
        unlike = compared(self, table, x)
        if unlike.strange:
            warnings.warn(str(unlike), LaminaWarning, stacklevel=4)

    def __getattr__(self, name: str) -> Any:
        """Return a verb of the task as a method."""
        task = self.__dict__.get("task")
        if task is None or name not in task.verbs:
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")
        return functools.partial(do, self, name)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Save as a folder: safetensors, JSON, a model card and a manifest; no pickle.

        Args:
            path: the folder to make.
            overwrite: replace what is there.

        Raises:
            RunError: the folder exists, or the disk refused.
        """
        from lamina.network.artifact import save

        return save(self, path, overwrite=overwrite)

    def __str__(self) -> str:
        """Return a few lines for a person."""
        lines = [f"{self.model_name}: {self.task.name}, {self.parameters:,} parameters"]
        for split, metrics in self.info.metrics.items():
            known = {name: value for name, value in metrics.items() if value is not None}
            lines.append(f"{split}: " + ", ".join(f"{name} {value:.4g}" for name, value in known.items()))
        return "\n".join(lines)


def inputs_of(network: Network, table: AbstractTable, encoded: Any = None) -> Any:
    """Return what a model is asked about rows, for `Network.decoded`.

    Args:
        network: the trained network.
        table: from `Network.read`.
        encoded: its rows from ``encoder.transform``, where they are known.

    Raises:
        DataError: a column is missing or holds what it must not.
    """
    encoded = network.encoder.transform(table) if encoded is None else encoded
    return network.task.examiner.inputs(encoded, table, network.target)


def asked_of(network: Network, table: AbstractTable) -> Asked:
    """Return what a network is asked about data with targets, to measure it.

    Args:
        network: the trained network.
        table: from `Network.read`.

    Raises:
        DataError: the target is absent, or holds labels that training never saw.
    """
    return network.task.examiner.asked(table, network.schema, network.encoder, network.target)


def check_predicts(network: Network) -> None:
    """Refuse predictions where the task of a network has none.

    Args:
        network: the trained network.

    Raises:
        ConfigError: naming what the network does instead.
    """
    task = network.task
    if task.predicts:
        return
    verbs = [f"lamina {name} RUN {verb.tried(network.target)}".rstrip() for name, verb in task.verbs.items()]
    raise ConfigError(
        f"a network of the task {task.name} has no prediction for a row", fix=" or ".join(verbs)
    )


def do(network: Network, verb: str, *asked: Any, **keys: Any) -> Any:
    """Do what only networks of some tasks do, such as to write text.

    ``net.embed(data)`` is short for ``do(net, "embed", data=data)``.

    Args:
        network: the trained network.
        verb: one of ``network.task.verbs``.
        *asked: what the network is asked, as a prompt or data, where it is not given by its name.
        **keys: of the verb.

    Returns:
        What the verb gives: pieces of text, fillings, vectors.

    Raises:
        ConfigError: the task has no such verb, or a key is unknown or out of range.
    """
    verbs = network.task.verbs
    if verb not in verbs:
        expected = "one of " + ", ".join(verbs) if verbs else "predict and evaluate"
        message = f"a network of the task {network.task.name} has no verb '{verb}'{suggest(verb, verbs)}"
        raise ConfigError(message, expected=expected)
    own = verbs[verb]
    if len(asked) > 1 or (asked and own.asked in keys):
        raise ConfigError(f"{verb} is asked one thing", expected=f"{verb}({own.asked}, …)")
    return own.run(network, own.made({**dict.fromkeys([own.asked] if asked else (), *asked), **keys}))


def predict_batches(objective: Answering, model: Any, x: Any) -> np.ndarray:
    """Run a model over all rows in batches of a few fixed sizes, so that few programs compile.

    Args:
        objective: answers in a compiled program; of an objective the decoded outputs.
        model: any model.
        x: encoded rows: an array, several by name, or a stream.

    Returns:
        Its answers in its type, float64 as a rule, rows first.
    """
    import jax

    from lamina.core import runtime

    runtime.start()
    leaves = of_examples(x)
    rows = len(leaves[0])
    values = max(math.prod(array.shape[1:]) for array in leaves)
    largest = max(8, min(LARGEST_BATCH, 1 << (MOST_VALUES // max(1, values)).bit_length() - 1))
    size = max(8, 1 << (rows - 1).bit_length())
    size = min(MOST_TOGETHER if has_common(x) else largest, size)
    order, found = _by_length(leaves), []
    for start in range(0, rows, size):
        own = order[start : start + size]
        batch = map_examples(lambda array, own=own: _batch(array, own, size), x)
        decoded = _forward()(objective, model, batch)
        found.append(np.asarray(jax.device_get(decoded), objective.decoded_type)[: len(own)])
    return _stacked(found)[np.argsort(order, kind="stable")]


def _stacked(found: list[np.ndarray]) -> np.ndarray:
    """Return batches as one array; where positions have outputs, shorter ones are filled up by -1."""
    if found[0].ndim == 1 or len({array.shape[1:] for array in found}) == 1:
        return np.concatenate(found)
    longest = max(array.shape[1] for array in found)
    fills = [[(0, 0), (0, longest - a.shape[1]), *[(0, 0)] * (a.ndim - 2)] for a in found]
    return np.concatenate([np.pad(a, f, constant_values=-1) for a, f in zip(found, fills, strict=True)])


def _by_length(leaves: list[Any]) -> np.ndarray:
    """Return the rows, those of one length class together, so that short ones are not filled up."""
    classes = next((leaf.classes for leaf in leaves if isinstance(leaf, Ragged)), np.zeros(len(leaves[0])))
    return np.argsort(classes, kind="stable")


def _batch(array: Any, chosen: np.ndarray, size: int) -> np.ndarray:
    """Return some rows of an array or stream, zeros behind them up to ``size``."""
    rows = array[chosen] if isinstance(array, np.ndarray) else array.take(chosen)
    fill = size - len(rows)
    return np.concatenate([rows, np.zeros((fill, *rows.shape[1:]), rows.dtype)]) if fill else rows


@functools.cache
def _forward() -> Any:
    import jax

    def forward(objective: Answering, model: Any, x: Any) -> Any:
        return objective.answer(model, x)

    return jax.jit(forward, static_argnums=0)
