"""Windows of the tokens of texts in files, cut when a batch asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.data.stream import AbstractStream
from lamina.data.texts.ranges import TextRanges, decoded
from lamina.modalities.text.bags import FILL
from lamina.modalities.text.encoder import TextEncoder
from lamina.modalities.text.letters import BYTES, CHARACTERS, Bytes

MOST_MEASURED = 2_000  # windows, spread over a text, by which a network is measured
_PROBES, _PROBE = 256, 2_048  # pieces of a text, and bytes of each, by which the bytes of a token are counted
_SURPLUS, _MARGIN = 1.25, 64  # bytes that are read beyond what a window takes on average
_WORD = 64  # bytes within which a window of pieces of words begins with a word


@dataclass(frozen=True)
class Segments:
    """Ranges of bytes that follow one another in a stream of tokens.

    Args:
        files: which file each is in.
        starts: its first byte.
        stops: the byte behind its last.
        is_end: whether the end of a text stands behind it; it takes the place of one byte.
    """

    files: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    is_end: np.ndarray

    @staticmethod
    def of(ranges: TextRanges) -> Segments:
        """Return texts, those that follow one another in a file as one.

        Args:
            ranges: passages in their order, or whole texts.
        """
        numbers, starts, stops = ranges.numbers, ranges.starts, ranges.stops
        other = np.diff(numbers) != 0
        cut = np.flatnonzero(other | (starts[1:] != stops[:-1])) + 1
        first, last = np.append(0, cut), np.append(cut, len(starts)) - 1
        own = numbers[first]
        is_end = np.append(np.diff(own) != 0, True)
        return Segments(own, starts[first], stops[last], is_end)

    @property
    def places(self) -> np.ndarray:
        """Where each begins in the stream, in bytes, and last where the stream ends."""
        return np.append(0, np.cumsum(self.stops - self.starts + self.is_end))


class WindowStream(AbstractStream):
    """Windows of 2 · context + 1 tokens of texts in files, as `Stream.windows` of texts in memory.

    A window begins at each multiple of so many bytes as context tokens take on average, measured on pieces
    of the text, and goes on for 2 · context + 1 tokens whatever they take. Where every byte is a token, the
    windows are those of the text in memory, exactly. Else a window begins with a whole character, and with a
    whole word where tokens are pieces of words: each token is then learned from as often as any other on
    average, though in evaluation a few are predicted twice and a few not at all.

    It has the ``shape``, ``dtype``, ``nbytes`` and length of the array that it stands for. What `take` gives
    is a function of the files and the rows alone. Cost of a window: O(context), one or two reads.

    Args:
        ranges: passages in their order, or whole texts.
        encoder: fitted, with a symbol for the end.
        context: tokens that are read at once.
    """

    dtype = np.dtype(np.int32)

    def __init__(self, ranges: TextRanges, encoder: TextEncoder, context: int):
        self.ranges, self.encoder = ranges, encoder
        self.width = 2 * context + 1
        self.segments = Segments.of(ranges)
        self.places = self.segments.places
        self.bytes_per_token = self._measured()
        self.step = max(1, round(context * self.bytes_per_token))
        self.shape = (max(1, -(-(int(self.places[-1]) - 1) // self.step)), self.width)
        self.piece = int(_SURPLUS * self.width * self.bytes_per_token) + _MARGIN

    @property
    def tokens(self) -> int:
        """About how many tokens there are."""
        return round(int(self.places[-1]) / self.bytes_per_token)

    def spread(self, most: int) -> np.ndarray:
        """Return the numbers of at most so many windows, evenly spread.

        Args:
            most: windows.
        """
        return np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64))

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return some windows, int32 (n, 2 · context + 1), filled up by -1 behind the end of the last text.

        Args:
            rows: numbers of windows, in any order.

        Raises:
            DataError: a file has changed.
        """
        rows = np.asarray(rows, np.int64)
        found = np.full((len(rows), self.width), FILL, np.int32)
        begins = [self._begin(int(place)) for place in rows * self.step]
        for row, tokens in enumerate(self._encoded([self._read(*begin, self.piece) for begin in begins])):
            if len(tokens) < self.width:
                tokens = self._continued(*begins[row], tokens)
            own = tokens[: self.width]
            found[row, : len(own)] = own
        return found

    def _begin(self, place: int) -> tuple[int, int]:
        """Return the segment and the byte at which the window at a place begins."""
        number = int(np.searchsorted(self.places, place, "right")) - 1
        number = min(number, len(self.places) - 2)
        start = int(self.segments.starts[number]) + place - int(self.places[number])
        stop = int(self.segments.stops[number])
        if place == self.places[number] or start >= stop or self.encoder.tokens.kind == BYTES:
            return number, min(start, stop)
        return number, min(stop, start + self._skipped(self._read(number, start, _WORD)))

    def _skipped(self, raw: bytes) -> int:
        """Return how many bytes lie before the first whole character, or the first word near by."""
        whole = next((at for at, byte in enumerate(raw) if byte & 0xC0 != 0x80), 0)
        if self.encoder.tokens.kind == CHARACTERS:
            return whole
        found = [raw.find(b" ", whole), raw.find(b"\n", whole) + 1 or -1]
        return min((at for at in found if at >= 0), default=whole)

    def _read(self, number: int, start: int, size: int) -> bytes:
        """Return bytes of a segment."""
        end = int(self.segments.stops[number])
        raw = self.ranges.files[self.segments.files[number]].read(start, min(end, start + size))
        return raw[:-1] if raw.endswith(b"\r") and start + size < end else raw  # half of a line end, perhaps

    def _encoded(self, pieces: Sequence[bytes]) -> list[np.ndarray]:
        """Return the tokens of pieces of text."""
        tokens = self.encoder.tokens
        if isinstance(tokens, Bytes) and tokens.verbatim:
            return [_bytes_of(raw) for raw in pieces]
        bags = tokens.encode([decoded(raw) for raw in pieces])
        return np.split(bags.ids, bags.ends[:-1])

    def _continued(self, number: int, start: int, tokens: np.ndarray) -> np.ndarray:
        """Return the tokens of a window whose first piece had too few: of a longer piece, then what follows.

        Args:
            number: of its first segment.
            start: the byte at which it begins.
            tokens: of the first piece.
        """
        found, have, size = [], 0, self.piece
        while True:
            is_whole = start + size >= self.segments.stops[number]
            if not is_whole and have + len(tokens) < self.width:
                size *= 2
                tokens = self._encoded([self._read(number, start, size)])[0]
                continue
            found.append(tokens)
            if is_whole and self.segments.is_end[number]:
                found.append(np.array([self.encoder.tokens.symbols], np.int32))
            have, number = sum(map(len, found)), number + 1
            if have >= self.width or number == len(self.segments.starts):
                return np.concatenate(found)
            start, size = int(self.segments.starts[number]), self.piece
            tokens = self._encoded([self._read(number, start, size)])[0]

    def _measured(self) -> float:
        """Return how many bytes of the files a token takes, measured on pieces spread over the texts."""
        ends = np.linspace(0, max(0, int(self.places[-1]) - _PROBE), _PROBES).astype(np.int64)
        numbers = np.clip(np.searchsorted(self.places, ends, "right") - 1, 0, len(self.places) - 2)
        starts = self.segments.starts[numbers] + ends - self.places[numbers]
        pieces = [self._read(n, s, _PROBE) for n, s in zip(numbers.tolist(), starts.tolist(), strict=True)]
        tokens = sum(map(len, self._encoded(pieces)))
        return sum(map(len, pieces)) / tokens if tokens else 1.0


def _bytes_of(raw: bytes) -> np.ndarray:
    """Return the bytes of a piece, line ends of Windows as those of Unix."""
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
    return np.frombuffer(raw, np.uint8).astype(np.int32)
