"""Keys: declared once, read from texts, claimed by their owners, and refused by the owner's name."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

import pytest

from lamina.core.errors import ConfigError
from lamina.core.keys import (
    COLUMN_NAMES,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    NoKeys,
    Owner,
    check_values,
    claim,
    flat,
    key,
    keys_of_signature,
    make_keys,
    one_of,
    read_seconds,
)
from lamina.data.readers.registry import reader_owners
from lamina.modalities import MODALITIES
from lamina.models import MODELS
from lamina.network.keys import ALWAYS, modality_owner, model_owner, optional_owners, task_owner
from lamina.tasks import TASKS, AbstractTask


@dataclass(frozen=True)
class Loaf:
    """Keys of every type that a key may have."""

    count: int = key(3, "loaves", **POSITIVE)
    weight: float = key(0.5, "in kilograms", **NOT_NEGATIVE)
    share: float = key(0.1, "of rye", **FRACTION)
    seeds: int | None = key(None, "a slice", **NOT_NEGATIVE)
    sliced: bool = key(False, "whether it is cut")
    crust: str = key("thin", "of what kind", **one_of("thin", "thick"))
    glaze: str | None = key(None, "or none", **one_of("egg", "none"))
    names: tuple[str, ...] = key((), "of the bakers", **COLUMN_NAMES)
    levels: tuple[float, ...] = key((), "of the oven")
    extras: tuple[str, ...] | None = key(None, "found from the season")
    limit: float | None = key(None, "time in the oven", is_duration=True, **POSITIVE)
    every: str | int | None = key(None, "a number of loaves, or a time", is_duration=True)


@dataclass(frozen=True)
class Cake:
    """Keys of another owner."""

    layers: int = key(2, "one above the other", **POSITIVE)
    filling: str = key("jam", "between the layers")


@dataclass(frozen=True)
class Pie:
    """Keys of a third owner, one of them of the name of another's."""

    layers: int = key(1, "of dough", **POSITIVE)


LOAF, CAKE, PIE = (
    Owner("the loaf", Loaf),
    Owner("product=cake", Cake, "add product=cake"),
    Owner("product=pie", Pie, "add product=pie"),
)

READ: list[tuple[str, Any, Any]] = [
    ("count", "5", 5),
    ("count", 5.0, 5),
    ("weight", "1e-3", 0.001),
    ("weight", 2, 2),
    ("seeds", "7", 7),
    ("seeds", "none", None),
    ("seeds", "auto", None),
    ("seeds", None, None),
    ("sliced", "YES", True),
    ("sliced", "off", False),
    ("sliced", True, True),
    ("crust", "thick", "thick"),
    ("glaze", "none", "none"),
    ("glaze", "auto", None),
    ("names", "Ida, Ole", ("Ida", "Ole")),
    ("names", ["Ida"], ("Ida",)),
    ("levels", "0.1, 0.9", (0.1, 0.9)),
    ("levels", [1, 2], (1.0, 2.0)),
    ("extras", None, None),
    ("extras", "none", ("none",)),
    ("limit", "2m", 120.0),
    ("limit", "90", 90.0),
    ("limit", "1H", 3600.0),
    ("limit", "none", None),
    ("every", "60s", "60s"),
    ("every", "5", 5),
]


@pytest.mark.parametrize(("name", "given", "expected"), READ, ids=[f"{n}={g}" for n, g, _ in READ])
def test_texts_are_read_in_the_type_of_their_key(name: str, given: Any, expected: Any):
    found = getattr(make_keys(Loaf, {name: given}), name)
    assert found == expected and type(found) is type(expected)


REFUSED: list[tuple[str, Any, str]] = [
    ("count", "many", "count cannot be read; expected a whole number, got 'many'"),
    ("count", "2.5", "count cannot be read; expected a whole number, got '2.5'"),
    ("count", True, "count is not a switch; expected int, got True"),
    ("count", 0, "count is out of range; expected > 0, got 0"),
    ("count", None, "count cannot be read; expected a whole number, got None"),
    ("weight", None, "weight cannot be read; expected a number, got None"),
    ("sliced", None, "sliced cannot be read; expected true or false, got None"),
    ("crust", None, "crust cannot be read; expected a text, got None"),
    ("names", None, "not a list; expected values separated by commas, got None"),
    ("weight", "heavy", "weight cannot be read; expected a number, got 'heavy'"),
    ("weight", "-1", "weight is out of range; expected >= 0, got -1.0"),
    ("weight", "nan", "weight is out of range; expected >= 0, got nan"),
    ("share", 1.0, "share is out of range; expected >= 0 and < 1, got 1.0"),
    ("sliced", "perhaps", "sliced is a switch; expected true or false, got 'perhaps'"),
    (
        "crust",
        "thik",
        "crust is out of range (did you mean 'thick'?); expected one of thin, thick, got 'thik'",
    ),
    ("names", 3, "not a list; expected values separated by commas, got 3"),
    ("levels", "low,high", "not a list; expected values separated by commas, got 'low,high'"),
    ("limit", "2 fortnights", "not a time; expected seconds as 90, 90s, 2m or 1h, got '2 fortnights'"),
    ("limit", "manys", "not a time; expected seconds as 90, 90s, 2m or 1h, got 'manys'"),
    ("limit", "0s", "limit is out of range; expected > 0, got 0.0"),
]


@pytest.mark.parametrize(("name", "given", "message"), REFUSED, ids=[f"{n}={g}" for n, g, _ in REFUSED])
def test_values_of_another_type_or_range_are_refused(name: str, given: Any, message: str):
    with pytest.raises(ConfigError) as caught:
        make_keys(Loaf, {name: given})
    assert str(caught.value) == message


def test_seconds():
    assert [read_seconds(text) for text in ("90", "90s", "1.5m", "1h", 5)] == [90.0, 90.0, 90.0, 3600.0, 5.0]


def test_an_unknown_key_is_suggested():
    with pytest.raises(ConfigError) as caught:
        make_keys(Loaf, {"cuont": 3})
    assert str(caught.value) == (
        "unknown key 'cuont' (did you mean 'count'?)\n  fix: `lamina fit --help` lists every key"
    )


def test_values_are_checked_however_they_came_in():
    with pytest.raises(ConfigError, match="crust is out of range; expected one of thin, thick, got 3"):
        check_values(Loaf(crust=3))
    with pytest.raises(ConfigError, match="weight is out of range; expected >= 0, got 'a'"):
        check_values(Loaf(weight="a"))
    check_values(Loaf(seeds=None, crust="thick"))
    check_values(NoKeys())


def test_each_owner_claims_its_own():
    loaf, cake = claim([LOAF, CAKE], {"layers": "3", "count": 2})
    assert (loaf, cake) == (Loaf(count=2), Cake(layers=3))
    assert claim([], {}) == ()
    assert claim([CAKE], {}) == (Cake(),)
    assert CAKE.names == ("layers", "filling")


def test_values_of_an_owner_are_checked_as_they_are_claimed():
    with pytest.raises(ConfigError, match="layers is out of range; expected > 0, got 0"):
        claim([LOAF, CAKE], {"layers": "0"})


def refusal(owners: list[Owner], given: dict[str, Any], **more: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        claim(owners, given, **more)
    return str(caught.value)


def test_a_key_of_somebody_absent_is_refused_by_its_name():
    assert refusal([LOAF], {"filling": "plum"}, absent=[CAKE, PIE], run="this run bakes bread") == (
        "key 'filling' belongs to product=cake; this run bakes bread\n"
        "  fix: leave it out, or add product=cake"
    )
    assert refusal([LOAF], {"layers": 3}, absent=[CAKE, PIE]) == (
        "key 'layers' belongs to product=cake and 1 more; this run\n  fix: leave it out, or add product=cake"
    )
    assert refusal([CAKE], {"count": 3}, absent=[LOAF]) == (
        "key 'count' belongs to the loaf; this run\n  fix: leave it out"
    )


def test_a_key_of_nobody_is_suggested_from_all():
    listed = "\n  fix: `lamina fit --help` lists every key"
    assert refusal([LOAF], {"filing": 3}, absent=[CAKE]) == (
        f"unknown key 'filing' (did you mean 'filling'?){listed}"
    )
    assert refusal([LOAF], {"qqq": 3}, absent=[CAKE]) == f"unknown key 'qqq'{listed}"


def test_those_who_are_absent_are_asked_only_where_a_key_is_refused():
    def absent():
        raise AssertionError("nobody need be asked")
        yield CAKE

    assert claim([LOAF], {"count": 2}, absent=absent()) == (Loaf(count=2),)


def test_a_flat_list_can_be_claimed_again():
    given = flat(Loaf(names=("Ida",), levels=(0.5,), seeds=4), Cake())
    assert given["names"] == ["Ida"] and given["filling"] == "jam"
    assert claim([LOAF, CAKE], given) == (Loaf(names=("Ida",), levels=(0.5,), seeds=4), Cake())


def test_options_of_a_function_become_keys():
    made = keys_of_signature("Knife", (("length", "int", 20, "in centimeters"), ("edge", "str", "fine", "")))
    assert make_keys(made, {"length": "30"}) == made(30, "fine")
    assert keys_of_signature("Knife", (("length", "int", 20, "in centimeters"),)) is keys_of_signature(
        "Knife", (("length", "int", 20, "in centimeters"),)
    )


# --- all that are registered ------------------------------------------------------------------------------

OWNERS = [*ALWAYS, *optional_owners()]
ENTRIES = [TASKS[name] for name in TASKS]
TASK_OWNERS = [task_owner(entry) for entry in ENTRIES if isinstance(entry, AbstractTask)]
MODALITY_OWNERS = [modality_owner(name) for name in MODALITIES]
READER_OWNERS = reader_owners()
MODEL_OWNERS = [model_owner(name) for name in MODELS]


def test_every_task_modality_reader_and_model_is_an_owner():
    assert [*TASK_OWNERS, *MODALITY_OWNERS, *READER_OWNERS, *MODEL_OWNERS] == list(optional_owners())
    names = [owner.name for owner in OWNERS]
    assert len(names) == len(set(names))
    of_data = [*TASK_OWNERS, *MODALITY_OWNERS, *READER_OWNERS]
    assert list(optional_owners("mlp")) == [*of_data, model_owner("mlp")]


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.name)
def test_every_key_is_declared_in_full(owner: Owner):
    assert owner.keys.__dataclass_params__.frozen
    check_values(owner.keys())
    for field in dataclasses.fields(owner.keys):
        meaning = field.metadata["meaning"]
        assert field.name.isidentifier() and field.name == field.name.lower()
        assert meaning and meaning == meaning.strip() and not meaning.endswith("."), field.name
        assert (field.metadata["check"] is None) == (not field.metadata["expected"]), field.name
        assert isinstance(field.type, str), field.name


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.name)
def test_every_default_survives_being_typed(owner: Owner):
    for name, value in flat(owner.keys()).items():
        if value in (None, []):
            continue
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value).lower()
        assert getattr(make_keys(owner.keys, {name: text}), name) == getattr(owner.keys(), name), name


@pytest.mark.parametrize("task", TASK_OWNERS, ids=lambda owner: owner.name)
def test_one_name_never_means_two_things_in_one_run(task: Owner):
    """A run has those who are always there, one task, any modalities together, and one model or its own."""
    models = [*MODEL_OWNERS, Owner("a model of your own", NoKeys)]
    of_readers = {
        (field.name, field.metadata["meaning"])  # a reader may take the keys of another and add its own
        for owner in READER_OWNERS
        for field in dataclasses.fields(owner.keys)
    }
    for model, count in itertools.product(models, range(len(MODALITY_OWNERS) + 1)):
        for modalities in itertools.combinations(MODALITY_OWNERS, count):
            present = [*ALWAYS, task, *modalities, model]
            names = [name for owner in present for name in owner.names] + [name for name, _ in of_readers]
            twice = {name for name in names if names.count(name) > 1}
            assert not twice, (model.name, [owner.name for owner in modalities])


def test_one_name_may_mean_two_things_in_two_runs():
    """Then each task refuses the values of the other."""
    keys = {owner.name: owner.keys for owner in TASK_OWNERS}
    for task, loss, expected in (("binary", "mse", "cross_entropy"), ("regression", "focal", "mse")):
        with pytest.raises(ConfigError, match=rf"loss is out of range; expected one of {expected}"):
            make_keys(keys[f"task={task}"], {"loss": loss})
