"""Images in files: heads are read when sizes are asked for, pixels when they are needed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from lamina.core.errors import DataError
from lamina.data.images.decode import GRAY_MODES, Facts, UnreadableError, decoded, read_head
from lamina.data.images.pixels import Canvas, all_gray, contrast_of, digest_of
from lamina.data.images.store import MOST_JUDGED, AbstractImages, Survey
from lamina.data.images.threads import in_threads
from lamina.data.memory import total_memory

NAMED_FILES = 5  # so many files are named in a message before the list is cut
MOST_KEPT = 4 << 30  # bytes of decoded images that are kept, and never more than a quarter of the memory
JUDGED_SIDE = 64  # pixels of an image that is decoded to tell gray from color


@dataclass(frozen=True)
class _Room:
    """Decoded images of one size; those of a file once."""

    canvas: Canvas
    pixels: np.ndarray
    is_decoded: np.ndarray

    def kept(self, index: int) -> np.ndarray | None:
        """Return the pixels of an image if they are kept."""
        return self.pixels[index] if self.is_decoded[index] else None

    def keep(self, index: int, pixels: np.ndarray) -> None:
        """Keep the pixels of an image."""
        self.pixels[index] = pixels
        self.is_decoded[index] = True


@dataclass
class _Shelf:
    """What is known of all files of a source, each of them once, shared by every selection of them."""

    paths: list[str]
    facts: list[Facts | None] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    room: _Room | None = None
    digests: dict[int, int] = field(default_factory=dict)

    def prepare(self, canvas: Canvas) -> _Room | None:
        """Return room for decoded images of a size, where they fit into memory; others are forgotten.

        Threads may ask for different sizes at once, so that each works with the room it was given.
        """
        room = self.room
        if room is not None and room.canvas == canvas:
            return room
        shape = (len(self.paths), canvas.height, canvas.width, canvas.channels)
        if int(np.prod(shape, dtype=object)) <= most_kept():
            room = _Room(canvas, np.empty(shape, np.uint8), np.zeros(len(self.paths), bool))
        else:
            room = None
        self.room = room
        return room


def most_kept() -> int:
    """Return how many bytes of decoded images may lie in memory."""
    return int(min(MOST_KEPT, total_memory() // 4))


class FileImages(AbstractImages):
    """Images in files, decoded on demand by a thread for each core.

    What was decoded is kept while it fits into a quarter of the memory (4 GiB at most), so that the audit
    and the encoder decode each file once between them, however many rows name it.

    Args:
        paths: one file an image; an empty path is an image that is not there.
    """

    in_memory = False

    def __init__(self, paths: Sequence[str], *, shelf: _Shelf | None = None, rows: np.ndarray | None = None):
        places: dict[str, int] = {}
        own = [places.setdefault(path, len(places)) for path in paths]
        self._shelf = _Shelf(list(places), [None] * len(places)) if shelf is None else shelf
        self._rows = np.array(own, np.int64) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, rows: np.ndarray) -> FileImages:
        """Return the images of the given rows; no file is touched."""
        return FileImages((), shelf=self._shelf, rows=self._rows[rows])

    def name(self, row: int) -> str:
        """Return the path of an image."""
        return self._shelf.paths[self._rows[row]]

    def absent(self) -> np.ndarray:
        """Return where no file is named."""
        unnamed = np.array([not path for path in self._shelf.paths], bool)
        return unnamed[self._rows]

    def _files(self) -> list[int]:
        """Return the places of the files on the shelf, each once."""
        return np.unique(self._rows).tolist()

    def facts(self) -> list[Facts]:
        """Return what the head of each file says."""
        shelf = self._shelf
        unknown = [i for i in self._files() if shelf.facts[i] is None]

        def fill(number: int) -> None:
            path = shelf.paths[unknown[number]]
            found = read_head(path) if path else Facts(fault="no file is named")
            shelf.facts[unknown[number]] = found
            if found.fault:
                shelf.faults[unknown[number]] = found.fault

        if unknown:
            with _silence():
                in_threads(fill, len(unknown))
        return [found for i in self._rows.tolist() if (found := shelf.facts[i]) is not None]

    def sizes(self) -> np.ndarray:
        """Return int64 (n, 2): height and width of each image as displayed, 0 where it is unreadable."""
        return np.array([(f.height, f.width) for f in self.facts()], np.int64).reshape(-1, 2)

    @property
    def frames(self) -> int:
        """How many images have further frames."""
        return sum(found.animated for found in self.facts())

    def is_gray(self) -> bool:
        """Return whether a sample of the images, at most 256 evenly spaced ones, is gray throughout."""
        sound = [row for row, found in enumerate(self.facts()) if not found.fault]
        places = np.linspace(0, len(sound) - 1, min(len(sound), MOST_JUDGED)).astype(np.int64)
        canvas = Canvas(JUDGED_SIDE, JUDGED_SIDE, 3)
        facts = self.facts()
        for row in (sound[place] for place in places):
            if facts[row].mode in GRAY_MODES:
                continue
            try:
                if not all_gray(self._decoded(int(self._rows[row]), canvas)[0]):
                    return False
            except UnreadableError:
                continue  # the survey tells of it
        return True

    def pixels(self, canvas: Canvas) -> np.ndarray:
        """Return all images as uint8 (n, y, x, c).

        Raises:
            DataError: some cannot be read; the first ones are named.
        """
        self.facts()
        room = self._shelf.prepare(canvas)
        result = np.empty((len(self), canvas.height, canvas.width, canvas.channels), np.uint8)
        order = np.argsort(self._rows, kind="stable")
        files, starts = np.unique(self._rows[order], return_index=True)
        rows = np.split(order, starts[1:])  # of each file, the first one first
        faults: dict[int, str] = {}

        def fill(place: int) -> None:
            index = int(files[place])
            found = room.kept(index) if room else None
            if found is None:
                try:
                    found, _ = self._decoded(index, canvas)
                except UnreadableError as error:
                    faults.update(dict.fromkeys(rows[place].tolist(), str(error)))
                    return
                if room:
                    room.keep(index, found)
            result[rows[place]] = found

        in_threads(fill, len(files))
        if faults:
            raise unreadable(self, faults)
        return result

    def digests(self) -> np.ndarray:
        """Return uint64 for each image, equal where the files are; 0 where one cannot be read."""
        shelf = self._shelf
        unknown = [index for index in self._files() if index not in shelf.digests]

        def fill(number: int) -> None:
            with suppress(OSError), open(shelf.paths[unknown[number]], "rb") as stream:
                shelf.digests[unknown[number]] = digest_of(stream.read())

        in_threads(fill, len(unknown))
        return self._gathered_digests()

    def _gathered_digests(self) -> np.ndarray:
        known = self._shelf.digests
        return np.fromiter((known.get(index, 0) for index in self._rows.tolist()), np.uint64, len(self))

    def survey(self, canvas: Canvas) -> Survey:
        """Inspect every image once; equal are those whose files are."""
        self.facts()
        shelf, files = self._shelf, self._files()
        room = shelf.prepare(canvas)
        contrast = np.zeros(len(shelf.paths), np.uint8)
        faults: dict[int, str] = {}

        def fill(place: int) -> None:
            index = files[place]
            try:
                pixels, content = self._inspected(index, canvas, room)
            except UnreadableError as error:
                faults[index] = str(error)
                return
            shelf.digests[index] = digest_of(content)
            contrast[index] = contrast_of(pixels)

        in_threads(fill, len(files))
        by_row = {row: faults[i] for row, i in enumerate(self._rows.tolist()) if i in faults}
        return Survey(self._gathered_digests(), contrast[self._rows], by_row)

    def _inspected(self, index: int, canvas: Canvas, room: _Room | None) -> tuple[np.ndarray, bytes]:
        """Return the pixels of a file, which are kept where there is room, and its bytes.

        Raises:
            UnreadableError: what is wrong with the file.
        """
        found = room.kept(index) if room else None
        if found is None:
            found, content = self._decoded(index, canvas)
            if room:
                room.keep(index, found)
            return found, content
        try:
            with open(self._shelf.paths[index], "rb") as stream:
                return found, stream.read()
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}") from error

    def _decoded(self, index: int, canvas: Canvas) -> tuple[np.ndarray, bytes]:
        """Return the pixels of a file and its bytes, or raise UnreadableError."""
        shelf = self._shelf
        facts = shelf.facts[index]
        if index in shelf.faults or facts is None:
            raise UnreadableError(shelf.faults.get(index, "its head was not read"))
        try:
            with open(shelf.paths[index], "rb") as stream:
                content = stream.read()
            return decoded(content, canvas, facts.turn), content
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}") from error
        except UnreadableError as error:
            shelf.faults[index] = str(error)
            raise


def unreadable(images: AbstractImages, faults: dict[int, str]) -> DataError:
    """Return the error for images that cannot be read: how many, and the first ones by name."""
    return DataError(
        unreadable_words(images, faults), fix="replace these files by whole images, or remove them"
    )


def unreadable_words(images: AbstractImages, faults: dict[int, str]) -> str:
    """Return how many images cannot be read, and the first ones by name with the reason."""
    rows = sorted(faults)
    named = [f"{images.name(row) or f'row {row}'} ({faults[row]})" for row in rows[:NAMED_FILES]]
    more = f" and {len(rows) - NAMED_FILES:,} more" if len(rows) > NAMED_FILES else ""
    count = f"{len(rows):,} of {len(images):,} image{'' if len(images) == 1 else 's'}"
    return f"{count} cannot be read: {', '.join(named)}{more}"


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Pillow from warning of what is judged here: images of many pixels, odd EXIF blocks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
