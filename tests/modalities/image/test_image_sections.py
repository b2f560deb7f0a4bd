"""What is shown of images: which ones, how they were changed, and the first kernels."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from tests.tasks.prediction.outcomes import outcome

from lamina.data import read
from lamina.modalities.base import Outcome
from lamina.modalities.image.sections import (
    first_filters,
    image_sections,
    mistakes,
    mistakes_plot,
    samples,
    samples_plot,
)

CODES = np.arange(60) % 3
TABLE = read({"level": np.arange(60.0), "code": CODES.astype(float)})


class Stream:
    """Images that are read when they are asked for."""

    def __init__(self, images: np.ndarray):
        self.images = images

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.images[rows]


def shown(table: Any) -> np.ndarray:
    """An image of one level for each row."""
    return np.broadcast_to(table.column("level").numbers()[:, None, None, None], (table.height, 4, 4, 1))


def images(**changes: Any) -> Outcome:
    """A network that answers class 0 for every image, the surer the later it stands."""
    sure = np.linspace(0.4, 0.9, 60)
    given = outcome(
        table=TABLE,
        training=TABLE,
        decoded=np.stack([sure, (1 - sure) / 2, (1 - sure) / 2], axis=1),
        targets=CODES,
        transform=shown,
        measured=lambda table: table.column("code").numbers().astype(int),
        caption=lambda code: "abc"[int(code)],
    )
    return dataclasses.replace(given, **changes)


def test_the_surest_mistakes_come_first():
    found = mistakes(images())
    assert len(found) == 18
    levels = [int(image[0, 0, 0]) for image, _ in found]
    assert levels[:3] == [59, 58, 56] and all(CODES[level] != 0 for level in levels)
    assert found[0][1] == "a\n90%\n(c)"


def test_no_mistakes():
    right = np.eye(3)[CODES]
    for changes in ({"decoded": right}, {"table": None}, {"targets": CODES.astype(float)}, {"decoded": None}):
        assert mistakes(dataclasses.replace(images(), **changes)) == []
    assert mistakes_plot([], "test") is None and samples_plot([]) is None


def test_samples_show_every_class_in_turn():
    captions = [caption for _, caption in samples(images())]
    assert captions == list("abc") * 9
    one_sided = images(measured=lambda table: np.where(np.arange(table.height) == 50, 2, 0))
    assert [caption for _, caption in samples(one_sided)][:3] == ["a", "c", "a"]


def test_samples_are_changed_as_in_training():
    changed = samples(images(augment=lambda given: given + 250.0))
    assert changed[0][0].max() == 250 and changed[-1][0].max() == 255
    streamed = images(transform=lambda table: Stream(shown(table)))
    np.testing.assert_array_equal(samples(streamed)[5][0], samples(images())[5][0])
    parted = images(transform=lambda table: {"photo": shown(table), "table": None})
    assert len(samples(parted, "photo")) == 27


def test_samples_of_numbers_stand_as_they_come():
    found = images(measured=lambda table: table.column("level").numbers(), caption=lambda v: f"{v:.4g}")
    assert [caption for _, caption in samples(found)][:3] == ["0", "1", "2"]


def test_first_filters():
    assert first_filters({"weight": np.zeros((6, 3, 5, 5))}).shape == (6, 5, 5, 3)
    assert first_filters({"weight": np.zeros((6, 8, 5, 5))}) is None
    assert first_filters({"weight": np.zeros((6, 3, 1, 1))}) is None
    assert first_filters({"bias": np.zeros(3)}) is None


def test_the_section():
    (section,) = image_sections(images(model={"conv": {"weight": np.ones((70, 1, 3, 3))}}))
    assert [block.name for block in section.blocks] == ["worst_mistakes", "image_samples", "first_filters"]
    worst, _, filters = section.blocks
    assert worst.note == "Images of the validation rows." and worst.alt.startswith("18 images: a 90% (c); ")
    assert len(filters.panels[0].images) == 64 and filters.panels[0].images[0].max() == 255
