"""Clean data sets: nothing is warned of but what is true of them, and each such thing is listed here."""

from __future__ import annotations

import pytest
from sklearn import datasets

from lamina.data import read, split_rows
from lamina.data.audit.duplicates import compared_columns
from lamina.tasks.audit import check

IDENTIFIER = "identifier (every value is different)"
COUNTER = "identifier (counts the rows)"
COPIES = "rows equal a training row"  # and the count is checked against a plain one
SETS = {
    # file, target: (column or "", words of the warning), each of them true because …
    ("adult/adult.csv.gz", "income"): [],  # 29 copies in 48,842 rows: below what a warning is worth
    ("airline/Airline.csv", "Passengers"): [],
    ("bike_sharing/hour.csv.gz", "cnt"): [("instant", COUNTER)],  # … instant is the number of the row
    ("california_housing/california_housing.csv.gz", "MedHouseVal"): [],
    ("diamonds/diamonds.csv.gz", "price"): [],  # 146 copies in 53,940 rows
    ("ett/ETTh1.csv.gz", "OT"): [],
    ("karate/edges.csv", "v"): [],
    # … members 0 to 33 say nothing but who they are, and there is no other column
    ("karate/nodes.csv", "club"): [("node", f"kept although it is doubtful ({COUNTER})")],
    # … a name names the molecule
    ("molecules/delaney-processed.csv.gz", "measured log solubility in mols per litre"): [
        ("Compound ID", IDENTIFIER),
    ],
    # … messages are sentences, of which Lamina's tables make nothing; 403 were sent more than once
    ("sms_spam/smsspamcollection.tsv", "label"): [
        ("", COPIES),
    ],
    # … passengers are numbered
    ("titanic/titanic.csv", "Survived"): [("PassengerId", COUNTER)],
    ("wine_quality/winequality.csv.gz", "quality"): [("", COPIES)],  # … 1,177 copies, as its index says
    ("mnist1d/mnist1d.npz", "target"): [],
    ("adbench/14_glass.npz", "target"): [],
    ("adbench/18_Ionosphere.npz", "target"): [],
    ("adbench/23_mammography.npz", "target"): [("", COPIES)],  # … 3,334 copies
    ("adbench/26_optdigits.npz", "target"): [],
    ("adbench/2_annthyroid.npz", "target"): [("", COPIES)],  # … 138 copies
    ("adbench/30_satellite.npz", "target"): [],
    ("adbench/32_shuttle.npz", "target"): [],
    ("adbench/45_wine.npz", "target"): [],
    ("adbench/4_breastw.npz", "target"): [("", COPIES)],  # … 234 copies
}


def found_in(audit) -> list[tuple[str, str]]:
    """The column of each warning, and its message."""
    return [
        (w.where.partition(", column '")[2].removesuffix("'"), w.message.removeprefix("left out: "))
        for w in audit.warnings
    ]


def copies(path: str, audit) -> int:
    """How many validation rows equal a training row, counted one by one."""
    table = read(path)
    columns = [table.column(name) for name in compared_columns(table, audit.schema)]
    rows = list(zip(*([column.value(i) for i in range(table.height)] for column in columns), strict=True))
    parts = split_rows(table, audit.schema, seed=0)
    known = {rows[i] for i in parts.train}
    return sum(rows[i] in known for i in parts.valid)


@pytest.mark.parametrize(("name", "target"), SETS, ids=[name for name, _ in SETS])
def test_nothing_is_warned_of_but_what_is_true(data_folder, name, target):
    path = str(data_folder / name)
    audit, expected = check(path, target), SETS[name, target]
    found = found_in(audit)
    assert not audit.errors
    assert [column for column, _ in found] == [column for column, _ in expected], found
    for (_, message), (_, words) in zip(found, expected, strict=True):
        assert words in message
        if words == COPIES:
            assert message.startswith(f"{copies(path, audit):,} of ")


# only iris holds a row twice, 101 and 142 counted from 0, and this split tears them apart
TOYS = {"iris": 1, "wine": 0, "breast_cancer": 0, "digits": 0, "diabetes": 0, "linnerud": 0}


@pytest.mark.parametrize("name", TOYS)
def test_nothing_is_warned_of_in_toy_sets(name, tmp_path):
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    bunch.frame.to_csv(tmp_path / "t.csv", index=False)
    targets = ["target"] if "target" in bunch.frame else list(bunch.target.columns)
    arrays = (bunch.data.to_numpy(), bunch.target.to_numpy())
    for audit in (check(arrays), check(str(tmp_path / "t.csv"), targets)):
        assert [w.code for w in audit.warnings] == ["duplicates"] * TOYS[name]
        assert not audit.errors


MADE = ("moons", "circles", "blobs", "classification", "regression", "friedman1", "s_curve", "hastie_10_2")


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_warned_of_in_what_was_made(name, seed):
    audit = check(getattr(datasets, f"make_{name}")(random_state=seed))
    assert not audit.errors + audit.warnings


IMAGES = {  # name: held-out images that equal a training one, and images with two labels
    "mnist": (0, 0),
    "fashion_mnist": (0, 0),
    "cifar10_subset/cifar10_10k_2k.npz": (0, 0),
    "pneumoniamnist/pneumoniamnist.npz": (8, 0),  # below what a warning is worth
}


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_is_warned_of_in_images(data_folder, name):
    path = str(data_folder / name)
    audit = check(path)
    assert not audit.errors + audit.warnings
    table = read(path)
    parts = split_rows(table, audit.schema, seed=0)
    held, rows = {*parts.valid.tolist(), *parts.test.tolist()}, {}
    for row, image in enumerate(table.column("image").images.array):
        rows.setdefault(image.tobytes(), []).append(row)
    labels = table.column("label").numbers()
    equal = [group for group in rows.values() if len(group) > 1]
    copies = sum(len(held & {*group}) for group in equal if {*group} - held)
    torn = sum(len(group) for group in equal if len({*labels[group].tolist()}) > 1)
    assert (copies, torn) == IMAGES[name]
    said = [f.message for f in audit.notes if f.code == "duplicates"]
    assert bool(said) == bool(copies)
    assert all(message.startswith(f"{copies:,} of {len(held):,} ") for message in said)
