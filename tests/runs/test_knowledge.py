"""A knowledge graph that is killed and resumed ends with the same bytes, its folder moved or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.runs.test_resume import At, Killed, kill, same_network
from tests.tasks.knowledge.graphs import folder

from lamina.data.source import read
from lamina.runs.resume import resume
from lamina.runs.start import start_run

KEYS = {"size": 8, "epochs": 4, "batch_size": 32, "checkpoint_every": 1, "chunk": 1, "dropout": 0.1}


def start(data: str, out: Path, callbacks: list[Any], **keys: Any) -> Path:
    return start_run(read(data), target=(), keys={**KEYS, **keys}, out=out, callbacks=callbacks).folder


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("model", ["complex", "rotate", "rgcn"])
def test_killed_and_resumed_it_ends_with_the_same_bytes(tmp_path: Path, model: str):
    (tmp_path / "graph").mkdir()
    data = folder(tmp_path / "graph")
    whole = start(data, tmp_path / "whole", [], model=model)
    with pytest.raises(Killed):
        start(data, tmp_path / "killed", [At(3, kill)], model=model)
    again = resume(tmp_path / "killed").folder
    assert same_network(again, whole)
