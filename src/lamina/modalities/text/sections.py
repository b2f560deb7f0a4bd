"""The texts that are hardest, and the words that matter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.core.page import Block, Marked, Paragraph, Section, Table
from lamina.data.schema import FLAGS, TAGS
from lamina.modalities.answers import log_odds
from lamina.modalities.base import Outcome
from lamina.modalities.permutation import rows_of
from lamina.modalities.text.encoder import TextEncoder, texts_of
from lamina.modalities.text.normal import normalized
from lamina.modalities.text.occlusion import Effects, occlude

HARDEST = 12
MOST_EXPLAINED = 400  # texts whose words are left out one at a time
WORDS_OF_CLASS, MOST_CLASSES = 8, 20
FEWEST = 2  # texts that hold a word, before it is listed
SHOWN = 600  # characters of a text
TITLE = "Words that matter"


def text_sections(outcome: Outcome, name: str, encoder: TextEncoder) -> list[Section]:
    """Return the hardest texts with their words marked, and the words that matter on average.

    Args:
        outcome: of the run.
        name: the column of texts.
        encoder: of that column.
    """
    if outcome.table is None or outcome.decoded is None or outcome.targets is None or not outcome.count:
        return []
    if outcome.schema.target_kind == TAGS:  # there is no one answer that a word speaks for
        return []
    explained = _Explained(outcome, name, encoder)
    hard = [*explained.hardest()]
    said = f"Of the {outcome.evaluated} rows. Blue words speak for the answer, orange ones against it: "
    said += "how far it changes when the word is left out."
    blocks: list[Block] = [Paragraph(said, "note"), *hard] if hard else []
    table = explained.words()
    return [
        Section(f"Hardest texts of '{name}'", tuple(blocks)),
        Section(f"{TITLE} in '{name}'", () if table is None else (table,)),
    ]


@dataclass
class _Explained:
    """Outputs of texts of one column in place of others; see `text_sections`."""

    outcome: Outcome
    name: str
    encoder: TextEncoder

    def __post_init__(self) -> None:
        assert self.outcome.decoded is not None and self.outcome.table is not None  # noqa: S101
        self.texts = texts_of(self.outcome.table, self.name)
        self.points = np.asarray(self.outcome.point(self.outcome.decoded), np.float64)
        self.points = self.points.reshape(len(self.points), -1)
        # The answer of each row: its class or label of highest probability, of numbers the first.
        self.column = self.points.argmax(axis=1) if self._has_names else np.zeros(len(self.points), np.int64)

    @property
    def _is_class(self) -> bool:
        targets = np.asarray(self.outcome.targets)
        return targets.ndim == 1 and np.issubdtype(targets.dtype, np.integer)

    @property
    def _has_names(self) -> bool:
        return self._is_class or self.outcome.schema.target_kind == FLAGS

    def effects(self, rows: np.ndarray) -> list[Effects]:
        """Return what each word of the texts of some rows does to their answers."""
        assert self.outcome.table is not None  # noqa: S101
        whole, part = self.outcome.transform(self.outcome.table.take(rows)), self.outcome.part

        def outputs(texts: list[str], source: np.ndarray) -> np.ndarray:
            own = self.encoder.encoded(texts)
            arrays = own if part is None else {**rows_of(whole, source), part: own}
            points = np.asarray(self.outcome.point(self.outcome.outputs(arrays)), np.float64)
            points = points.reshape(len(texts), -1)[np.arange(len(texts)), self.column[rows[source]]]
            return log_odds(points) if self._has_names else points

        return occlude([self.texts[row][:SHOWN] for row in rows.tolist()], outputs)

    def hardest(self) -> Sequence[Marked]:
        """Return the texts that were answered worst."""
        lack = self._lack()
        rows = np.argsort(-lack, kind="stable")[:HARDEST]
        rows = rows[lack[rows] > 0]
        return [
            Marked(effects.parts(), self._caption(int(row)))
            for row, effects in zip(rows, self.effects(rows), strict=True)
            if effects.text.strip()
        ]

    def _lack(self) -> np.ndarray:
        """Return how wrong each row is: where a class was asked for, 0 unless another one was answered."""
        targets = np.asarray(self.outcome.targets)
        if self._is_class:
            right = self.points[np.arange(len(targets)), targets]
            return np.where(self.column == targets, 0.0, 1.0 - right)
        difference = self.points - targets.reshape(self.points.shape[0], -1)
        return np.nan_to_num(np.abs(difference).max(axis=1))

    def _caption(self, row: int) -> str:
        caption, truth = self.outcome.caption, np.asarray(self.outcome.targets)[row]
        if self._is_class:
            answer = f"{caption(self.column[row])} ({self.points[row, self.column[row]]:.0%})"
        else:
            answer = caption(self.points[row].reshape(np.shape(truth)))
        return f"answer {answer}, truth {caption(truth)}"

    def words(self) -> Table | None:
        """Return the words whose absence changes the answers most, by class."""
        rows = np.arange(len(self.texts))
        if rows.size > MOST_EXPLAINED:
            chosen = np.random.default_rng(self.outcome.seed).choice(rows.size, MOST_EXPLAINED, replace=False)
            rows = np.sort(chosen)
        found: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row, effects in zip(rows.tolist(), self.effects(rows), strict=True):
            seen: dict[str, float] = defaultdict(float)
            for (start, stop), effect in zip(effects.spans, effects.effects.tolist(), strict=True):
                seen[normalized(effects.text[start:stop], lowercase=True).strip(".,;:!?\"'()")] += effect
            for word, effect in seen.items():
                found[int(self.column[row])][word].append(effect)
        return self._table(found)

    def _table(self, found: dict[int, dict[str, list[float]]]) -> Table | None:
        lines = []
        for column in sorted(found)[:MOST_CLASSES]:
            means = [
                (float(np.mean(values)), word)
                for word, values in found[column].items()
                if word and len(values) >= FEWEST
            ]
            means.sort(key=lambda pair: (-abs(pair[0]), pair[1]))
            shown = [f"{word} ({self._change(mean)})" for mean, word in means[:WORDS_OF_CLASS] if mean]
            lines += [(self._name(column), ", ".join(shown))] if shown else []
        what = "the odds of the answer are multiplied by" if self._has_names else "the answer is raised by"
        note = f"How much {what}, on average, where the word is there; {self.outcome.evaluated} rows."
        return Table(("answer", "words"), tuple(lines), note=note) if lines else None

    def _change(self, mean: float) -> str:
        return f"×{np.exp(mean):.3g}" if self._has_names else f"{mean:+.3g}"

    def _name(self, column: int) -> str:
        return str(self.outcome.labels[column]) if column < len(self.outcome.labels) else str(column)
