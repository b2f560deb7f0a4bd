"""Images that a table names by their paths are among the data that a run began with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import DataError
from lamina.data.source import read
from lamina.modalities.blocks import claimed
from lamina.runs.record import check_unchanged, origin


def test_a_changed_image_is_a_change_of_the_data(tmp_path: Path):
    for i in range(4):
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "t.csv").write_text("file,y\n" + "".join(f"{i}.png,{i % 2}\n" for i in range(4)))
    table = read(tmp_path / "t.csv")
    stored = origin(claimed(table).table)
    assert stored == origin(table)
    check_unchanged(stored, table)
    Image.fromarray(np.full((4, 4), 9, np.uint8)).save(tmp_path / "3.png")
    with pytest.raises(DataError, match="changed since the run began"):
        check_unchanged(stored, read(tmp_path / "t.csv"))
