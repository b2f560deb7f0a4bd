"""The artifact in memory: model, encoders and task as one thing that answers questions."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.encoders import Encoder, TargetEncoder
from lamina.data.schema import Schema
from lamina.data.source import read
from lamina.data.table import AbstractTable
from lamina.objectives import AbstractObjective, QuantileObjective

if TYPE_CHECKING:
    from lamina.core.module import Module

LARGEST_BATCH = 4096
MOST_VALUES = 1 << 20  # of a batch: the activations of images are many times as much


@dataclass(frozen=True)
class Network:
    """A trained model with everything that turns a file into answers.

    Made by `lamina.fit` and `lamina.load`, not by hand.

    Args:
        model: the trained model, arrays on the host.
        model_name: name in the registry, or the class name of a model of your own.
        options: what the architecture was built with, the size dial included.
        task: losses, metrics and the decoding of outputs.
        schema: columns and their part.
        encoder: rows → arrays.
        target_encoder: targets → arrays, and back.
        config: every key of the run, resolved.
        info: what is worth knowing about the run: device, seconds, rows, metrics, versions.
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
    task: AbstractObjective
    schema: Schema = field(repr=False)
    encoder: Encoder = field(repr=False)
    target_encoder: TargetEncoder = field(repr=False)
    config: dict[str, Any] = field(repr=False)
    info: dict[str, Any] = field(repr=False)
    history: dict[str, list[float]] = field(repr=False)

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes as they were given; for other tasks the target columns."""
        return self.target_encoder.labels or self.target_encoder.targets

    @functools.cached_property
    def parameters(self) -> int:
        """How many numbers were learned."""
        from lamina.core.tree import parameter_count

        return parameter_count(self.model)

    def outputs(self, data: Any) -> np.ndarray:
        """Return decoded outputs: probabilities, or values in the target's own unit.

        Args:
            data: whatever `lamina.fit` reads; target columns may be absent.

        Raises:
            DataError: a column is missing or holds what it must not.
        """
        table = read(data, schema=self.schema)
        if table.height == 0:
            raise DataError("no rows to predict", where=table.source)
        return self.in_target_unit(predict_batches(self.task, self.model, self.encoder.transform(table)))

    def in_target_unit(self, decoded: np.ndarray) -> np.ndarray:
        """Undo the standardization of regression targets; probabilities stay as they are."""
        if self.task.kind != "regression":
            return decoded
        scale, shift = self.target_encoder.std, self.target_encoder.mean
        axes = (1,) * (decoded.ndim - 2)
        return decoded * scale.reshape(-1, *axes) + shift.reshape(-1, *axes)

    def predict(self, data: Any) -> np.ndarray:
        """Return labels as they were given, or numbers in the target's own unit.

        Args:
            data: a path, a frame, a dict of columns, or an array.

        Returns:
            (rows,) for one target, (rows, targets) for several; 0/1 for each label of many.
        """
        return self.answers(self.outputs(data))

    def answers(self, decoded: np.ndarray) -> np.ndarray:
        """Turn decoded outputs (see `outputs`) into labels or numbers."""
        if self.task.kind in ("binary", "multiclass"):
            return self.target_encoder.label_array()[decoded.argmax(-1)]
        if self.task.kind == "multilabel":
            return (decoded > 0.5).astype(np.int64)
        if isinstance(self.task, QuantileObjective):
            decoded = decoded[..., self.task.median]
        return decoded[:, 0] if decoded.shape[1] == 1 else decoded

    def predict_proba(self, data: Any) -> np.ndarray:
        """Return the probability of each class (in the order of ``labels``), or of each label.

        Raises:
            DataError: the task is regression.
        """
        if self.task.kind == "regression":
            raise DataError("regression has no probabilities", fix="use predict, or fit with quantiles=")
        return self.outputs(data)

    def predict_quantiles(self, data: Any) -> np.ndarray:
        """Return the predicted quantiles, (rows, levels) for one target.

        Raises:
            DataError: the network was not fitted with ``quantiles=``.
        """
        if not isinstance(self.task, QuantileObjective):
            raise DataError("this network knows no quantiles", fix="fit with quantiles=0.05,0.5,0.95")
        levels = self.outputs(data)
        return levels[:, 0] if levels.shape[1] == 1 else levels

    def evaluate(self, data: Any) -> dict[str, float]:
        """Return the metrics on labeled data.

        Args:
            data: whatever `lamina.fit` reads, target columns included; ``(X, y)`` for arrays.

        Raises:
            DataError: the target is absent, or holds labels that training never saw.
        """
        table = read(data, schema=self.schema)
        return self.metrics(self.outputs(table), *self.truth(table))

    def truth(self, table: AbstractTable) -> tuple[np.ndarray, np.ndarray | None]:
        """Return targets in the form of the metrics, and weights where the data have them."""
        if table.height == 0:
            raise DataError("no rows to evaluate", where=table.source)
        targets = self.target_encoder.transform(table)
        if self.task.kind == "regression":
            targets = targets * self.target_encoder.std + self.target_encoder.mean
        weight = self.schema.weight
        return targets, table.scalar(weight).numbers() if weight and weight in table.names else None

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return the task's metrics of decoded outputs against `truth`."""
        return self.task.metrics(decoded, targets, weights)

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
        lines = [f"{self.model_name}: {self.task.kind}, {self.parameters:,} parameters"]
        for part in ("valid", "test"):
            metrics = self.info.get(part)
            if metrics:
                known = {name: value for name, value in metrics.items() if value is not None}
                lines.append(f"{part}: " + ", ".join(f"{name} {value:.4g}" for name, value in known.items()))
        return "\n".join(lines)


def predict_batches(task: AbstractObjective, model: Any, x: Any) -> np.ndarray:
    """Run a model over all rows in batches of a few fixed sizes, so that few programs compile.

    Args:
        task: decodes the outputs.
        model: any model.
        x: encoded rows: an array, several by name, or a stream of images.

    Returns:
        Decoded outputs, float64, rows first.
    """
    import jax

    from lamina.core import runtime

    runtime.start()
    leaves = jax.tree.leaves(x)
    rows = len(leaves[0])
    values = max(math.prod(array.shape[1:]) for array in leaves)
    largest = max(8, min(LARGEST_BATCH, 1 << (MOST_VALUES // max(1, values)).bit_length() - 1))
    size = min(largest, max(8, 1 << (rows - 1).bit_length()))
    found = []
    for start in range(0, rows, size):
        fill = max(0, start + size - rows)
        part = jax.tree.map(lambda array, at=start: _part(array, at, size), x)
        decoded = _forward()(task, model, part)
        found.append(np.asarray(jax.device_get(decoded), np.float64)[: size - fill])
    return np.concatenate(found)


def _part(array: Any, start: int, size: int) -> np.ndarray:
    """Return ``size`` rows of an array or stream, zeros behind its end."""
    stop = min(start + size, len(array))
    part = array[start:stop] if isinstance(array, np.ndarray) else array.take(np.arange(start, stop))
    fill = size - len(part)
    return np.concatenate([part, np.zeros((fill, *part.shape[1:]), part.dtype)]) if fill else part


@functools.cache
def _forward() -> Any:
    import jax

    def forward(task: AbstractObjective, model: Any, x: Any) -> Any:
        return task.decode(model(x))

    return jax.jit(forward, static_argnums=0)
