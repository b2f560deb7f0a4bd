"""Memory and disk: what a run needs at the least, and whether the machine has it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lamina.core.errors import ConfigError
from lamina.core.tree import named_arrays
from lamina.train.loop.feed import size_in_mib

# Copies of the parameters that are alive at once: model, gradient, best, and what the optimizer keeps.
_WITH_ONE_MOMENT = ("momentum", "nesterov", "adagrad", "rmsprop", "lion", "muon", "muon-all")
_COPIES = {"sgd": 3, **dict.fromkeys(_WITH_ONE_MOMENT, 4)}
_MOST_COPIES = 5
_GROUP_LIMIT, _GROUP_USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
_MACHINE = Path("/proc/meminfo")
_REPORT_MIB = 0.3  # report, figures, log and metrics of a short run


def available_mib() -> float | None:
    """Return the memory that this process may still take in MiB, or None where the system does not say."""
    found = []
    try:
        lines = dict(line.split(":", 1) for line in _MACHINE.read_text().splitlines())
        found.append(float(lines["MemAvailable"].split()[0]) / 2**10)
    except (OSError, KeyError, ValueError):
        pass
    try:
        found.append((int(_GROUP_LIMIT.read_text()) - int(_GROUP_USED.read_text())) / 2**20)
    except (OSError, ValueError):  # no group, or one without a limit ("max")
        pass
    return min(found, default=None)


def needed_mib(
    models: Any, data: Any, *, optimizer: str, averaged: bool, resident: bool
) -> tuple[float, float]:
    """Return the MiB of the training state and of the data on the device, activations left out.

    Args:
        models: a model, or the members of a population.
        data: training rows.
        optimizer: its name.
        averaged: whether a moving average of the weights is kept.
        resident: whether the data lie on the device as a whole.

    Example:
        >>> import numpy as np
        >>> rows, model = {"x": np.zeros((2**18, 1), np.float32)}, {"w": np.zeros(2**18, np.float32)}
        >>> needed_mib(model, rows, optimizer="sgd", averaged=False, resident=True)
        (3.0, 1.0)
    """
    copies = _COPIES.get(optimizer, _MOST_COPIES) + averaged
    return _weights_mib(models) * copies, size_in_mib(data) if resident else 0.0


def check_memory(state: float, data: float) -> None:
    """Refuse a run that cannot fit.

    Args:
        state: MiB of the training state.
        data: MiB of the data on the device.

    Raises:
        ConfigError: with what is needed and what there is.
    """
    available = available_mib()
    if available is None or state + data <= available:
        return
    raise ConfigError(
        "the run does not fit into memory",
        expected=f"at most {available:,.0f} MiB",
        received=f"{state + data:,.0f} MiB at the least (state {state:,.0f}, data {data:,.0f})",
        fix="a smaller size or fewer members, or device_memory=0 to stream the data",
    )


def free_mib(path: str | Path) -> float | None:
    """Return the MiB that may still be written at a place, which need not exist yet; None if unknown."""
    path = Path(path).absolute()
    try:
        there = next(folder for folder in (path, *path.parents) if folder.exists())
        return shutil.disk_usage(there).free / 2**20
    except OSError:
        return None


def needed_disk_mib(
    models: Sequence[Any], *, optimizer: str, averaged: bool, trainings: int, keep: int
) -> tuple[float, float]:
    """Return the MiB of the checkpoints and of the saved network.

    Args:
        models: the networks of a run, all of one size.
        optimizer: its name.
        averaged: whether a moving average of the weights is kept.
        trainings: how many leave checkpoints.
        keep: how many each leaves.

    Example:
        >>> import numpy as np
        >>> model = {"w": np.zeros(2**18, np.float32)}
        >>> needed_disk_mib([model], optimizer="sgd", averaged=False, trainings=1, keep=2)
        (4.0, 1.0)
    """
    network = _weights_mib(models)
    copies = _COPIES.get(optimizer, _MOST_COPIES) - 1 + averaged  # a gradient is not written
    return network / len(models) * copies * trainings * keep, network


def check_disk(path: str | Path, *, checkpoints: float, network: float) -> None:
    """Refuse a run whose folder cannot hold it.

    Args:
        path: the run folder, which need not exist yet.
        checkpoints: MiB of the checkpoints.
        network: MiB of the saved network.

    Raises:
        ConfigError: with what is needed and what is free.
    """
    free, needed = free_mib(path), checkpoints + network + _REPORT_MIB
    if free is None or needed <= free:
        return
    each = f"checkpoints {checkpoints:,.1f}, network {network:,.1f}, report {_REPORT_MIB}"
    raise ConfigError(
        "the run does not fit on the disk",
        where=str(path),
        expected=f"at most {free:,.1f} MiB",
        received=f"{needed:,.1f} MiB at the least ({each})",
        fix="free some space, name another place with --out (out= in Python), or choose a smaller size",
    )


def _weights_mib(models: Any) -> float:
    return sum(array.nbytes for array in named_arrays(models).values()) / 2**20
