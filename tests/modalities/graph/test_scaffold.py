"""The split by scaffold: what is one scaffold, which run may ask for it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.contracts.samples import MODALITY_SAMPLES

import lamina
from lamina.core.errors import ConfigError, DataError, LaminaWarning
from lamina.data import read
from lamina.data.graphs.molecules import MoleculeColumn, scaffold_of
from lamina.network.prepare import prepare

pytest.importorskip("rdkit")

RINGS = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "c1ccoc1", "C1CCNCC1", "c1ccc2ccccc2c1"]
SIZES = [24, 12, 6, 4, 2, 2]
TEXTS = [
    "C" * length + ring for ring, size in zip(RINGS, SIZES, strict=True) for length in range(1, size + 1)
]


def frame() -> pl.DataFrame:
    order = np.random.default_rng(0).permutation(len(TEXTS))
    return pl.DataFrame({"drug": [TEXTS[row] for row in order], "y": np.arange(len(TEXTS)) % 7 * 1.1})


def test_a_scaffold_is_rings_and_what_links_them():
    assert scaffold_of("CC(C)Cc1ccc(cc1)C(C)C(=O)O") == "c1ccccc1"
    assert scaffold_of("OC(c1ccccc1)c1ccccc1") == "c1ccc(Cc2ccccc2)cc1"
    assert scaffold_of("CCO") == "" and scaffold_of("C1CC") is None
    assert scaffold_of("C[C@H]1CCCO1") == scaffold_of("C[C@@H]1CCCO1"), "chirality is left out"


def test_rows_of_one_scaffold_have_one_code():
    found = MoleculeColumn.of("drug", ["Cc1ccccc1", "CCO", None, "Oc1ccccc1", "C1CC", "CN"]).scaffolds()
    assert found[0] == found[3] >= 0 and found[1] == found[5] >= 0 and found[0] != found[1]
    assert found[2] == found[4] == -1


@pytest.mark.parametrize("folds", [None, "2"])
def test_frequent_scaffolds_train_and_no_scaffold_stands_on_two_sides(folds: str | None):
    keys = {"scaffold": "true", "valid": "0.1", "test": "0.1", **({"folds": folds} if folds else {})}
    plan = prepare(read(frame()), target="y", keys=keys)
    split, texts = plan.data.split, frame()["drug"].to_list()
    train, valid, test = (
        {scaffold_of(texts[row]) for row in rows} for rows in (split.train, split.valid, split.test)
    )
    assert (train, valid, test) == ({*RINGS[:2], RINGS[3]}, {RINGS[2]}, {*RINGS[4:]})
    assert plan.data.is_repeated, "folds would put frequent scaffolds aside"
    assert plan.data.split_rule == "by scaffold of drug, rare ones held out"
    assert len(split.train) + len(split.valid) + len(split.test) == len(TEXTS)


def test_without_the_key_the_split_is_as_before():
    plan = prepare(read(frame()), target="y", keys={"folds": "1"})
    assert plan.data.split_rule == "" and len(plan.data.split.valid) == len(TEXTS) // 5


def test_a_run_says_how_it_was_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from lamina.cli.main import main

    path = tmp_path / "drugs.csv"
    frame().write_csv(path)
    words = ["scaffold=true", "epochs=2", "size=8", "folds=1", "--out", str(tmp_path / "run")]
    assert main(["fit", str(path), "--target", "y", *words]) == 0
    assert "by scaffold of drug, rare ones held out" in capsys.readouterr().out
    assert "scaffold = true" in (tmp_path / "run" / "config.toml").read_text()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Blue atoms raise the answer" in page
    with pytest.warns(LaminaWarning, match="a symbol of a node that training never saw"):  # of rare scaffolds
        assert len(lamina.load(tmp_path / "run").predict(path)) == len(TEXTS)


@pytest.mark.parametrize(
    ("more", "keys", "said"),
    [
        ({"day": np.arange(50)}, {"time": "day"}, "two different splits are asked for"),
        ({"lab": np.arange(50) % 5}, {"group": "lab"}, "by scaffold of drug, rare ones held out, group=lab"),
        ({"split": ["train", "valid"] * 25}, {}, "split=split"),
        ({"other": TEXTS}, {"read_as": "other:graph"}, "by scaffold of other"),
    ],
)
def test_two_splits_are_refused(more: dict, keys: dict, said: str):
    table = read(frame().with_columns(**{name: pl.Series(values) for name, values in more.items()}))
    with pytest.raises(ConfigError, match="two different splits are asked for") as caught:
        prepare(table, target="y", keys={"scaffold": "true", **keys})
    assert said in str(caught.value)


def test_other_graphs_have_no_scaffold():
    with pytest.raises(ConfigError, match="only molecules have a scaffold; expected a column of SMILES"):
        prepare(MODALITY_SAMPLES["graph"](0), target="y", keys={"scaffold": "true"})


def test_molecules_of_one_scaffold_alone_are_refused():
    table = read(
        pl.DataFrame({"drug": ["C" * n + "c1ccccc1" for n in range(1, 21)], "y": np.arange(20) * 1.1})
    )
    with pytest.raises(DataError, match="all rows are of one group"):
        prepare(table, target="y", keys={"scaffold": "true"})


def test_the_audit_splits_by_scaffold_too():
    found = lamina.check(frame(), target="y", scaffold=True)
    assert not found.errors
