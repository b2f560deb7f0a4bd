"""Checkpoints: the whole state of a run, written whole or not at all, and resumed bit for bit."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lamina.core import manifest, storage, strict_json
from lamina.core.errors import ArtifactError, ConfigError, RunError
from lamina.train.loop.callbacks import Callback, RunView
from lamina.train.safeguard.background import BackgroundWriter
from lamina.train.safeguard.rollback import is_finite

ARRAYS, GOOD, PLACE = "state.safetensors", "good.safetensors", "state.json"
KEEP = 2  # the newest, and the one before should it be damaged


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    Args:
        arrays: path → array of the whole training state.
        place: epoch, steps done in it, history and whatever else is no array.
        good: the earlier moment that the run would be rolled back to if it were no longer finite; None
            where that is this one.
    """

    arrays: dict[str, np.ndarray]
    place: dict[str, Any]
    good: Snapshot | None = None


class Checkpoints(Callback):
    """Keep the newest checkpoints of a training in a folder, and find them again.

    They are written by a thread of their own: training waits for the copy of the state only.
    A fault of the disk is raised at the next checkpoint, or on leaving ``with checkpoints.writer``,
    which waits for the thread. One of a later step than that which
    is written is damaged, or the run rolled back behind it: it is dropped.

    The order of rows and every random key are functions of the seed and the step, and the
    step lies in the state: so a resumed run ends with the same bits as one that was never
    interrupted, on the same machine and versions. The state holds one optimizer a part of the objective
    (``optimizer.<part>.…``): a checkpoint from before that is refused, start such a run anew.

    Args:
        folder: where they lie; made at the first checkpoint.
        every: a number of epochs, or seconds as ``"60s"``.
        keep: how many to keep.
        fingerprint: what has to be the same to go on (data, config, versions), by name.

    Raises:
        ConfigError: ``every`` cannot be read.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        every: int | str = 1,
        keep: int = KEEP,
        fingerprint: Mapping[str, Any] | None = None,
    ):
        self.folder, self.keep, self.writer = Path(folder), keep, BackgroundWriter()
        self.every_epochs, self.every_seconds = _read_every(every)
        self.fingerprint = dict(fingerprint or {})
        self._last = time.monotonic()

    def on_chunk_end(self, step: int, run: RunView) -> None:
        """Begin to write one when its time has come."""
        if self.every_seconds is not None and time.monotonic() - self._last >= self.every_seconds:
            self._begin(run)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Begin to write one after every so many epochs."""
        if self.every_epochs is not None and epoch % self.every_epochs == 0:
            self._begin(run)

    def on_train_end(self, run: RunView) -> None:
        """Write a last one, from which a resumed run takes the finished training as it is."""
        if not run.interrupted:
            self.write(run.snapshot())

    def _begin(self, run: RunView) -> None:
        """Write in the background; training waits for the copy only. While one is written none begins."""
        if self.writer.is_busy:
            return
        snapshot = run.snapshot()
        if is_finite(snapshot.arrays):  # else the run is about to go back to a state that is
            self.writer.begin(lambda: self._write(snapshot))
            self._last = time.monotonic()

    def write(self, snapshot: Snapshot) -> Path:
        """Write a checkpoint, drop the oldest beyond ``keep``, and return when both are done.

        Raises:
            RunError: the state is not finite, or the disk refused; the checkpoints before are untouched.
        """
        self.writer.finish()
        if not is_finite(snapshot.arrays):
            raise RunError("the weights are not finite, so no checkpoint is written", where=str(self.folder))
        path = self._write(snapshot)
        self._last = time.monotonic()
        return path

    def _write(self, snapshot: Snapshot) -> Path:
        path = storage.write_folder(
            self.folder / f"step-{snapshot.place['step']:09d}", self._files(snapshot), overwrite=True
        )
        found = self._found()
        later = [other for other in found if other.name > path.name]
        before = [other for other in found if other.name <= path.name]
        for old in later + before[: -self.keep]:
            storage.remove_folder(old)
        return path

    def _files(self, snapshot: Snapshot) -> dict[str, bytes]:
        place, files = {"fingerprint": self.fingerprint, **snapshot.place}, {}
        if snapshot.good is not None:
            place["good"], files[GOOD] = snapshot.good.place, _to_bytes(snapshot.good)
        return {**files, ARRAYS: _to_bytes(snapshot), PLACE: manifest.to_json(_to_plain(place))}

    def _found(self) -> list[Path]:
        return sorted(self.folder.glob("step-*")) if self.folder.is_dir() else []

    def latest(self, *, warn: Any = lambda text: None) -> Snapshot | None:
        """Return the newest checkpoint that is whole, or None when there is none.

        Args:
            warn: is told of each that is damaged and passed over.

        Raises:
            ConfigError: data, config or versions are not those of the checkpoint.
        """
        for path in reversed(self._found()):
            try:
                return self._read(path)
            except ArtifactError as error:
                warn(f"checkpoint passed over: {error}")
        return None

    def _read(self, path: Path) -> Snapshot:
        import safetensors.numpy

        files = manifest.read_folder(path)
        try:
            place = _from_plain(strict_json.parse(files[PLACE], where=str(path / PLACE)))
            arrays, good = safetensors.numpy.load(files[ARRAYS]), place.pop("good", None)
            good = good and Snapshot(safetensors.numpy.load(files[GOOD]), good)
        except (KeyError, ValueError, safetensors.SafetensorError) as error:
            raise ArtifactError(f"does not hold a checkpoint ({error})", where=str(path)) from error
        stored = place.pop("fingerprint")
        for name, value in self.fingerprint.items():
            if stored.get(name) != value:
                raise ConfigError(
                    f"{name} changed since the checkpoint",
                    where=str(path),
                    expected=stored.get(name),
                    received=value,
                    fix="restore it to go on, or start a new run",
                )
        return Snapshot(arrays, place, good)


def _to_bytes(snapshot: Snapshot) -> bytes:
    import safetensors.numpy

    return safetensors.numpy.save(
        {name: np.asarray(array, order="C") for name, array in snapshot.arrays.items()}
    )


def _to_plain(value: Any) -> Any:
    """Return a value that JSON holds exactly: a population's arrays too, and numbers that are not finite."""
    if isinstance(value, np.ndarray):
        return {"array": _to_plain(value.tolist()), "dtype": value.dtype.name}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": repr(value)}
    if isinstance(value, dict):
        return {name: _to_plain(child) for name, child in value.items()}
    return [_to_plain(child) for child in value] if isinstance(value, (list, tuple)) else value


def _from_plain(value: Any) -> Any:
    """Undo `_to_plain`."""
    if isinstance(value, list):
        return [_from_plain(child) for child in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"array", "dtype"}:
        return np.array(_from_plain(value["array"]), value["dtype"])
    if set(value) == {"number"}:
        return float(value["number"])
    return {name: _from_plain(child) for name, child in value.items()}


def _read_every(every: int | str) -> tuple[int | None, float | None]:
    """Return (epochs, None) or (None, seconds)."""
    text = str(every).strip().lower()
    try:
        epochs, seconds = (None, float(text[:-1])) if text.endswith("s") else (int(text), None)
    except ValueError:
        epochs, seconds = 0, None
    if (epochs is not None and epochs < 1) or (seconds is not None and seconds < 0):
        expected = "a number of epochs, or seconds as 60s"
        raise ConfigError("checkpoint_every cannot be read", expected=expected, received=repr(every))
    return epochs, seconds
