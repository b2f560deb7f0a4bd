"""The fusion: what a block brings, what takes its place where it is absent, and what is refused."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import ImageInputs, MixedInputs, TableInputs
from lamina.core.module import replace
from lamina.core.random import make_key
from lamina.core.rules import Rules
from lamina.core.taps import observe
from lamina.core.tree import named_arrays
from lamina.models import MODELS
from lamina.models.fusion import networks_of
from lamina.train.optimizers.registry import DECAY, MUON

INPUTS = MixedInputs(
    {"columns": TableInputs(2), "photo": ImageInputs(16, 16, 1, mean=(100.0,), std=(50.0,))},
    optional=("photo",),
)
ROWS = 6
KEY = make_key(1)


SMALL = {"model": "airbench", "size": 4}


def make(inputs=INPUTS, **options):
    options.setdefault("networks", {name: SMALL for name in inputs.optional})
    return MODELS["fusion"].build(inputs, 3, size=8, key=0, **options)


def rows(**present):
    random = np.random.default_rng(0)
    x = {
        "columns": {
            "numeric": random.normal(size=(ROWS, 2)).astype(np.float32),
            "category": np.zeros((ROWS, 0), np.int32),
        },
        "photo": random.integers(0, 256, (ROWS, 16, 16, 1)).astype(np.uint8),
    }
    return {**x, "present": {name: np.array(rows) for name, rows in present.items()}} if present else x


def changed(model, x, **blocks):
    return np.asarray(model({**x, **blocks})) - np.asarray(model(x))


def test_every_block_counts():
    model, x = make(), rows()
    other = {**x["columns"], "numeric": x["columns"]["numeric"] + 1}
    assert np.abs(changed(model, x, columns=other)).max() > 1e-3
    assert np.abs(changed(model, x, photo=255 - x["photo"])).max() > 1e-3


def test_a_block_with_large_outputs_does_not_drown_the_others():
    model, x = make(), rows()
    _, seen = observe(model, "columns", "photo")(x)
    photo: Any = model.blocks["photo"]
    loud = replace(photo, head=replace(photo.head, weight=1000 * photo.head.weight))
    _, heard = observe(replace(model, blocks={**model.blocks, "photo": loud}), "columns", "photo")(x)
    for name in seen:
        size = np.sqrt(np.square(seen[name]).mean(-1))
        np.testing.assert_allclose(size, 1, atol=0.05)
        np.testing.assert_allclose(heard[name], seen[name], atol=0.05 if name == "photo" else 0)


def test_where_a_block_is_absent_a_learned_vector_takes_its_place():
    model = make()
    model = replace(model, missing={"photo": np.full(8, 0.5, np.float32)})
    there = np.arange(ROWS) != 2
    x = rows(photo=there)
    _, seen = observe(model, "photo")(x)
    assert (np.asarray(seen["photo"])[2] == 0.5).all()
    found = changed(model, x, photo=255 - x["photo"])
    assert (found[2] == 0).all() and (np.abs(found[there]).max(1) > 0).all()
    full = model(rows())
    np.testing.assert_allclose(np.asarray(model(x))[there], np.asarray(full)[there], rtol=1e-4, atol=1e-5)


def test_training_hides_an_optional_block_at_random_and_never_another():
    model, x = make(absent=0.5), jax.tree.map(lambda a: np.repeat(a, 50, axis=0), rows())
    _, seen = observe(lambda x: model(x, key=KEY, train=True), "columns", "photo")(x)
    hidden = (np.asarray(seen["photo"]) == 0).all(1).mean()
    assert 0.4 < hidden < 0.6
    assert not (np.asarray(seen["columns"]) == 0).all(1).any()
    _, seen = observe(model, "photo")(x)
    assert not (np.asarray(seen["photo"]) == 0).all(1).any()
    with pytest.raises(ConfigError, match="absent= needs a key while training"):
        model(x, train=True)


def test_members_of_a_block_are_averaged():
    model = make(networks={"columns": {"model": "tabm-mini", "members": 3, "size": 4}})
    _, seen = observe(model, "columns")(rows())
    assert seen["columns"].shape == (ROWS, 8) and model(rows()).shape == (ROWS, 3)


def test_an_image_may_be_seen_by_several_views():
    plain = make(absent=0.0)
    options = {"photo": {**SMALL, "test_time_augmentation": "flip"}}
    twice = make(absent=0.0, networks=options)
    x = rows()
    mirrored = {**x, "photo": x["photo"][:, :, ::-1]}
    np.testing.assert_allclose(twice(x), twice(mirrored), rtol=1e-3, atol=1e-4)
    assert np.abs(np.asarray(plain(x)) - np.asarray(plain(mirrored))).max() > 1e-3
    one, other = (model(x, key=KEY, train=True) for model in (plain, twice))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_rules_find_a_block_by_its_name():
    rules = Rules({"blocks.photo.*": np.float32(0)}, default=np.float32(1))
    found = {path.split(".")[1] for path, value in named_arrays(rules.apply(make())).items() if value == 0}
    assert found == {"photo"}


@pytest.mark.parametrize("name", ["headshot", "norm", "features"])
def test_the_name_of_a_block_decides_nothing_in_an_optimizer(name):
    photo = INPUTS.blocks["photo"]
    models = [make(MixedInputs({"one": (2,), own: photo}, optional=(own,))) for own in ("photo", name)]
    for rules in (DECAY, MUON):
        one, other = ({p.replace(name, "photo"): rules[p] for p in named_arrays(m)} for m in models)
        assert list(one.values()) == list(other.values()) and len(set(one.values())) == 2


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ({"foto": {}}, "no block is called 'foto' (did you mean 'photo'?)"),
        ({"photo": {"model": "mlp"}}, "model 'mlp' is not for the block 'photo'; expected one of airbench"),
        ({"photo": {"model": "unet"}}, "model 'unet' gives no vector an example"),
        ({"photo": {"model": "resnett"}}, "resnett"),
        ({"photo": {"model": "lenet", "depht": 2}}, "model 'lenet' has no option 'depht'"),
    ],
)
def test_what_suits_no_block_is_refused(networks, message):
    with pytest.raises(ConfigError) as caught:
        make(networks=networks)
    assert message in str(caught.value)


def test_other_inputs_are_refused():
    with pytest.raises(ConfigError, match="fusion is for several blocks of inputs; got TableInputs"):
        MODELS["fusion"].build(TableInputs(2), 1, key=0)
    with pytest.raises(ConfigError, match="absent is out of range"):
        make(absent=1.0)
    with pytest.raises(ShapeError, match=r"a block is not there; expected \('columns', 'photo'\), got photo"):
        make()({"photo": rows()["photo"]})
    with pytest.raises(ShapeError, match="got ndarray"):
        make()(np.zeros((2, 3)))


def test_the_usual_model_of_a_block():
    found = networks_of(MixedInputs({**INPUTS.blocks, "vector": (4,)}), {"photo": {"model": "lenet"}})
    assert {name: own["model"] for name, own in found.items()} == {
        "columns": "mlp",
        "photo": "lenet",
        "vector": "mlp",
    }


def test_without_hidden_layers_the_head_sees_the_vectors_themselves():
    assert make(depth=0)(rows()).shape == (ROWS, 3)
    assert jnp.asarray(make(depth=0).head.weight).shape == (3, 16)
