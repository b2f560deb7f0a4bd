"""What a report says of tags, for answers written here."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from lamina.core.page import Marked, Table
from lamina.data import read
from lamina.modalities.base import Outcome
from lamina.modalities.blocks import claimed
from lamina.objectives.tagging import TaggingObjective
from lamina.tasks import Roles, task_named
from lamina.tasks.base import RoleKeys
from lamina.tasks.tagging.sections import tag_sections

LABELS = ("B-x", "I-x", "O")
DATA = {"text": ["to Rome", "New York now", "so"], "tags": ["O B-x", "B-x I-x O", "O"]}
TRUE = np.array([[2, 0, -1], [0, 1, 2], [2, -1, -1]])
FOUND = np.array([[2, 0, -1], [0, 0, 2], [2, -1, -1]])


def outcome(found: np.ndarray | None, labels: tuple[str, ...] = LABELS) -> Outcome:
    table = read(pl.DataFrame(DATA))
    task: Any = task_named("tagging")
    objective = TaggingObjective(labels)
    decoded = None if found is None else np.stack([found, np.full(found.shape, 0.9)], axis=-1)
    given: dict[str, Any] = dict.fromkeys(Outcome.__dataclass_fields__)
    given |= {
        "schema": task.roles(claimed(table), Roles(("tags",), RoleKeys())),
        "evaluated": "validation",
        "table": table,
        "decoded": decoded,
        "targets": TRUE,
        "metrics": {} if decoded is None else objective.metrics(decoded, TRUE),
        "valid_metrics": {},
        "intervals": {},
        "labels": labels,
        "point": objective.point,
    }
    return Outcome(**given)


def section(title: str, found: np.ndarray = FOUND, labels: tuple[str, ...] = LABELS) -> Any:
    return next(own for own in tag_sections(outcome(found, labels)) if own.title == title)


def test_scores_of_each_type():
    table = section("How good it is").blocks[1]
    # True: Rome, New York. Found: Rome, New, York.
    assert table.rows == (("x", f"{1 / 3:.3f}", "0.500", "0.400", "2"),)


def test_tags_without_entities_have_scores_of_their_own():
    table = section("How good it is", labels=("DET", "NOUN", "VERB")).blocks[1]
    assert table.heads[0] == "tag"
    assert table.rows[0] == ("VERB", "1.000", "1.000", "1.000", "3")
    assert table.rows[1] == ("DET", "0.667", "1.000", "0.800", "2")


def test_confused_tags():
    (table,) = section("Confused tags").blocks
    assert isinstance(table, Table) and table.rows == (("I-x", "B-x", "1"),)
    assert section("Confused tags", TRUE).blocks == ()


def test_the_worst_sentences_have_their_words_marked():
    _, marked = section("Worst sentences").blocks
    assert isinstance(marked, Marked)
    assert marked.parts == (("New", 0.5), (" ", 0.0), ("York", -1.0), (" ", 0.0), ("now", 0.0))
    assert marked.caption == "York: B-x, truth I-x"
    assert section("Worst sentences", TRUE).blocks == ()


def test_the_headline_counts_words_and_sentences():
    lead = section("In short").blocks[0].text
    assert "On 3 sentences held out for validation, 83.3% of the words get the right tag" in lead
    assert "in 66.7% of the texts every word does" in lead and "33.3% of the entities" in lead


def test_without_held_out_texts_nothing_is_said():
    (found,) = tag_sections(outcome(None))
    assert "Nothing was measured" in found.blocks[0].text


@pytest.mark.parametrize("width", [1, 5])
def test_texts_of_another_length_than_was_read(width: int):
    found = FOUND[:, :width] if width < 3 else np.pad(FOUND, ((0, 0), (0, 2)), constant_values=-1)
    assert section("Worst sentences", found).title == "Worst sentences"
