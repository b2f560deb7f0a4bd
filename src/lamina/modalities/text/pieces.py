"""Texts cut into pieces of words: byte-pair encoding and the unigram model."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.modalities.text.bags import Bags, bags_of
from lamina.modalities.text.normal import normalized

BPE, UNIGRAM = "bpe", "unigram"
MOST_LEARNED_FROM = 200_000  # texts
_LONGEST = 4_096  # characters of a line that pieces are learned from; longer texts are several
_KINDS = {UNIGRAM: 1, BPE: 2}  # numbers of SentencePiece's format
_UNKNOWN, _NORMAL, _BYTE = 2, 1, 6
_BYTES = 256


@dataclass(frozen=True)
class Pieces:
    """Pieces of words, learned from texts, so that any text is cut into few of them.

    Byte-pair encoding joins the most frequent pair of pieces again and again; the unigram model keeps the
    pieces under which the texts are most probable. A character that training never saw becomes the unknown
    piece, number 0.

    Args:
        kind: ``"bpe"`` or ``"unigram"``.
        pieces: as texts; a blank is written as U+2581.
        scores: one a piece: the order of the joins, or a log probability.
        lowercase: whether capital letters become small ones.
        verbatim: whether texts are cut as they stand, with their case, blanks and line ends; a character
            that training never saw is then cut into its bytes, so that every text comes back as it was.

    References:
        Sennrich, Haddow, Birch. Neural machine translation of rare words with subword units. ACL 2016.
        Kudo. Subword regularization: improving neural network translation models with multiple subword
        candidates. ACL 2018. Kudo, Richardson. SentencePiece. EMNLP 2018 (demonstrations).
    """

    kind: str
    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    lowercase: bool
    verbatim: bool = False
    is_ordered = True

    @staticmethod
    def fit(texts: Sequence[str], *, kind: str, most: int, lowercase: bool, verbatim: bool = False) -> Pieces:
        """Return the pieces of the training texts.

        Args:
            texts: of the training rows.
            kind: ``"bpe"`` or ``"unigram"``.
            most: pieces at most.
            lowercase: whether capital letters become small ones.
            verbatim: whether texts are cut as they stand.

        Raises:
            DataError: the texts are all empty.
        """
        import sentencepiece

        learned_from = texts[:MOST_LEARNED_FROM]
        whole = learned_from if verbatim else [normalized(text, lowercase=lowercase) for text in learned_from]
        lines = [text[at : at + _LONGEST] for text in whole for at in range(0, len(text), _LONGEST)]
        if not lines:
            raise DataError("the texts are all empty", fix="name another column, or drop this one: drop=")
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=written,
            model_type=kind,
            vocab_size=max(most, len({*"".join(lines)}) + 2 + (_BYTES if verbatim else 0)),
            byte_fallback=verbatim,
            add_dummy_prefix=not verbatim,
            remove_extra_whitespaces=not verbatim,
            hard_vocab_limit=False,
            character_coverage=0.9999,
            normalization_rule_name="identity",
            max_sentence_length=4 * _LONGEST,  # bytes
            num_threads=1,  # the pieces depend on it
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            minloglevel=2,
        )
        learned = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
        numbers = range(learned.get_piece_size())
        pieces = tuple(learned.id_to_piece(number) for number in numbers)
        scores = tuple(float(learned.get_score(number)) for number in numbers)
        return Pieces(kind, pieces, scores, lowercase, verbatim)

    @property
    def symbols(self) -> int:
        """How many pieces there are."""
        return len(self.pieces)

    def encode(self, texts: Sequence[str]) -> Bags:
        """Return the pieces of texts.

        Args:
            texts: as they were given.
        """
        if not self.verbatim:
            texts = [normalized(text, lowercase=self.lowercase) for text in texts]
        return bags_of(self._processor.encode(list(texts)))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some pieces.

        Args:
            ids: pieces.
        """
        return self._processor.decode([int(number) for number in ids])

    @cached_property
    def byte_lengths(self) -> np.ndarray:
        """How many bytes of UTF-8 each piece stands for."""
        found = [1 if is_byte(piece) else len(piece.replace("\u2581", " ").encode()) for piece in self.pieces]
        return np.array(found, np.int32)

    @cached_property
    def _processor(self) -> Any:
        import sentencepiece

        return sentencepiece.SentencePieceProcessor(model_proto=self._model())

    def _model(self) -> bytes:
        """Return the pieces in the format of SentencePiece, a protocol buffer.

        Artifacts hold pieces and scores as JSON, which is checked; what the library parses is written here.
        """
        found = b""
        for number, (piece, score) in enumerate(zip(self.pieces, self.scores, strict=True)):
            sort = _BYTE if self.verbatim and is_byte(piece) else _NORMAL
            kind = _number(3, sort if number else _UNKNOWN)
            found += _bytes(1, _bytes(1, piece.encode()) + _float(2, score) + kind)
        # Trainer: kind of model. Normalizer: none but a blank in front and single blanks (3, 4, 5).
        trim = 0 if self.verbatim else 1
        normalizer = _bytes(1, b"identity") + _number(3, trim) + _number(4, trim) + _number(5, 1)
        trainer = _number(3, _KINDS[self.kind]) + (_number(35, 1) if self.verbatim else b"")  # byte fallback
        return found + _bytes(2, trainer) + _bytes(3, normalizer)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        stored = {
            "kind": self.kind,
            "pieces": list(self.pieces),
            "scores": list(self.scores),
            "lowercase": self.lowercase,
        }
        return {**stored, "verbatim": True} if self.verbatim else stored


def is_byte(piece: str) -> bool:
    """Return whether a piece stands for one byte, as SentencePiece writes it: ``<0x0A>``."""
    return len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")


def _varint(value: int) -> bytes:
    """Return a whole number in groups of seven bits, lowest first; the eighth bit says that more come."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)
