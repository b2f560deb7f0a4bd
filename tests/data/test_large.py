"""A million rows of fifty columns: memory in proportion (seconds: benchmarks/rows/million_rows.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

ROWS = 1_000_000
GIBIBYTES = 2.5

SCRIPT = """
import resource, sys
import lamina.data as data
from lamina.modalities.table.encoder import TableEncoder
from lamina.tasks.audit import ask, cast_roles
table = data.read(sys.argv[1])
schema = cast_roles(table, "y", ask({})).schema
split = data.split_rows(table, schema, seed=0)
encoder = TableEncoder.fit(table, schema.inputs, rows=split.train)
arrays = encoder.transform(table)
assert arrays["numeric"].shape[0] == table.height == 1_000_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.mark.slow
def test_a_million_rows(tmp_path):
    path = tmp_path / "large.csv"
    random = np.random.default_rng(0)
    columns = {f"f{i}": random.normal(size=ROWS).round(6) for i in range(38)}
    columns |= {f"i{i}": random.integers(0, 10 ** (1 + i), ROWS) for i in range(5)}
    for i in range(4):
        words = np.array([f"c{k}" for k in range(9 * 10**i)])
        columns[f"c{i}"] = words[random.integers(0, words.size, ROWS)]
    columns["flag"] = random.random(ROWS) < 0.5
    columns["when"] = (np.datetime64("2020-01-01") + random.integers(0, 999, ROWS)).astype(str)
    columns["y"] = columns["f0"] + random.normal(size=ROWS)
    pl.DataFrame(columns).write_csv(path)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "-c", SCRIPT, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < GIBIBYTES
