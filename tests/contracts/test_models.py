"""What every registered architecture keeps, whatever it is: a new model is checked by being registered."""

from __future__ import annotations

import functools
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from lamina.core.inputs import (
    DegradedImageInputs,
    ImageInputs,
    ImageSampleInputs,
    MixedInputs,
    PairInputs,
    RowSampleInputs,
    TableInputs,
    TripleInputs,
)
from lamina.core.inputs.graph import GraphInputs, NodeInputs
from lamina.core.inputs.series import SeriesInputs
from lamina.core.inputs.text import TextInputs
from lamina.core.random import make_key
from lamina.core.shared_arrays import map_examples
from lamina.core.tree import named_arrays, stack_modules, trainable, with_arrays
from lamina.core.wanted import ONE
from lamina.models import MODELS
from lamina.objectives import RegressionObjective
from lamina.objectives.vectors import Vectors
from lamina.train import TrainConfig, train
from lamina.train.optimizers.registry import DECAY
from lamina.train.step.state import partition

ROWS, OUTPUTS = 8, 2
BINS = ((-1.0, 0.0, 1.0), (-2.0, 2.0), (-1.0, -0.5, 0.5, 1.5))
GRAPHS = GraphInputs(3, 5, 2, 4, weighted=True, degrees=(1, 3, 5, 2))
INPUTS: dict[type, dict[str, Any]] = {
    tuple: {"vector": (6,), "image-like vector": (2, 3)},
    TableInputs: {
        "table": TableInputs(3, (4, 6), BINS),
        "table without bins": TableInputs(3, (4,)),
        "only categories": TableInputs(0, (4, 6)),
        "only numbers": TableInputs(3, (), BINS),
    },
    ImageInputs: {
        "image": ImageInputs(16, 16, 3, mean=(110.0, 120.0, 130.0), std=(70.0, 75.0, 80.0)),
        "plain image": (16, 20, 1),
    },
    DegradedImageInputs: {"degraded image": DegradedImageInputs(3, 2)},
    TextInputs: {"text": TextInputs(20, 8)},
    GraphInputs: {"graph": GRAPHS},
    NodeInputs: {"nodes": NodeInputs(GRAPHS)},
    ImageSampleInputs: {},  # models of samples are called otherwise: test_games.py, test_denoisers.py
    RowSampleInputs: {},
    TripleInputs: {},  # test_links.py
    SeriesInputs: {},  # test_forecasters.py
    PairInputs: {"pair": PairInputs(TextInputs(20, 8), TextInputs(15, 6))},
    MixedInputs: {
        "blocks": MixedInputs(
            {
                "columns": TableInputs(3, (4, 6), BINS),
                "photo": ImageInputs(16, 16, 3, mean=(110.0, 120.0, 130.0), std=(70.0, 75.0, 80.0)),
            },
            optional=("photo",),
        ),
        "two tables": MixedInputs({"one": TableInputs(3, (4,)), "other": (6,)}),
    },
}
SMALL = {"depth": 2, "members": 3, "embedding_width": 4}
# The least of each image family; the others take a size of 8 and the options above.
SMALL_IMAGE = {
    "alexnet": {"size": 6},
    "convnext": {"depth": 1},
    "drunet": {"size": 4, "depth": 1, "levels": 1},
    "edsr": {"size": 4, "depth": 1, "fold": 2},
    "lenet": {"size": 3},
    "mobilenet": {"blocks": 1},
    "unet": {"size": 4},
    "vgg": {"size": 11, "width": 4, "hidden": 16},
    "wide-resnet": {"size": 1, "depth": 10},
}
PER_PIXEL = ("unet", "edsr", "drunet")
PER_SYMBOL = ("transformer",)  # of the target
# Families of images and texts for which every check runs by default; the others leave those that compile
# once more (eager, population, bfloat16, sharded), and those that compute for long, to `-m slow`.
PROMPT = ("lenet", "resnet", "vit", "bag-of-embeddings", "gpt", "gcn")


def spared(pairs: list[tuple[str, str]]) -> list[Any]:
    """The pairs, those of the families that take long to compile marked slow."""
    kinds = (ImageInputs, TextInputs, GraphInputs, NodeInputs)
    long = [any(place in INPUTS[kind] for kind in kinds) and name not in PROMPT for name, place in pairs]
    marks = [[pytest.mark.slow] if is_long else [] for is_long in long]
    return [pytest.param(*pair, marks=mark) for pair, mark in zip(pairs, marks, strict=True)]


EVERY = [
    (name, place) for name, spec in MODELS.items() for kind in spec.takes for place in INPUTS.get(kind, {})
]
MAIN = [
    (name, place)
    for name, place in EVERY
    if place in ("vector", "table", "image", "text", "pair", "blocks", "degraded image", "graph")
    or (name, place) == ("gcn", "nodes")  # the others take nodes by the same front
]
ONCE = [
    (name, place)
    for name, place in MAIN
    if place in ("table", "image", "text", "pair", "blocks", "graph", "nodes")
]

SHARDED = ("mlp", "ft-transformer", "lenet", "gpt", "gcn")

OF_IMAGES = INPUTS[ImageInputs]

every = pytest.mark.parametrize(("name", "place"), EVERY)
main = pytest.mark.parametrize(("name", "place"), MAIN)
TABLES = [(name, place) for name, place in MAIN if place == "table"]
IMAGES = [(name, place) for name, place in MAIN if place == "image"]

tables = pytest.mark.parametrize(("name", "place"), TABLES)
images = pytest.mark.parametrize(("name", "place"), spared(IMAGES))
once = pytest.mark.parametrize(("name", "place"), spared(ONCE))


@functools.cache
def make(name: str, place: str, seed: int = 0, **options: Any) -> Any:
    spec, own = MODELS[name], dict(SMALL_IMAGE.get(name, {}))
    size = own.pop("size", 8 if spec.size > 1 else 1)
    small = {key: value for key, value in {**SMALL, **own, **options}.items() if key in spec.options}
    wants = ONE if ONE in spec.gives else None
    return spec.build(inputs_of(place), OUTPUTS, size=size, wants=wants, key=seed, **small)


def inputs_of(place: str) -> Any:
    return next(kinds[place] for kinds in INPUTS.values() if place in kinds)


@functools.cache
def examples(place: str, rows: int = ROWS, dtype: str = "float32") -> Any:
    return examples_of(inputs_of(place), np.random.default_rng(rows), rows, dtype)


def examples_of(inputs: Any, random: np.random.Generator, rows: int, dtype: str) -> Any:
    if isinstance(inputs, MixedInputs):
        found = {name: examples_of(own, random, rows, dtype) for name, own in inputs.blocks.items()}
        present = {name: jax.device_put(np.arange(rows) % 4 != 1) for name in inputs.optional}
        return {**found, "present": present} if present else found
    if isinstance(inputs, PairInputs):
        sides = {"source": inputs.source, "target": inputs.target}
        return {name: examples_of(own, random, rows, dtype) for name, own in sides.items()}
    if isinstance(inputs, GraphInputs):
        return jax.device_put(graphs_of(inputs, random, rows, dtype))
    if isinstance(inputs, NodeInputs):
        common = graphs_of(inputs.graph, random, 1, dtype, nodes=12)
        at = random.permutation(np.arange(rows) % int(common["mask"].sum())).astype(np.int32)
        return jax.device_put({"at": at, "common": common})
    if isinstance(inputs, tuple):
        return jax.device_put(random.normal(size=(rows, *inputs)).astype(dtype))
    if isinstance(inputs, ImageInputs):
        shape = (rows, inputs.height, inputs.width, inputs.channels)
        return jax.device_put(random.integers(0, 256, shape).astype(dtype))
    if isinstance(inputs, DegradedImageInputs):
        return jax.device_put(random.normal(size=(rows, 10, 12, inputs.channels)).astype(dtype))
    if isinstance(inputs, TextInputs):
        ids = random.integers(0, inputs.symbols, (rows, inputs.length), dtype=np.int32)
        ids[:, inputs.length // 2 :][::2] = -1
        scale = np.where(ids >= 0, random.random(ids.shape), 0).astype(dtype)
        return jax.device_put({"ids": ids, "scale": scale})
    codes = [random.integers(0, count, rows) for count in inputs.cardinalities]
    return {
        "numeric": jax.device_put(random.normal(size=(rows, inputs.numeric)).astype(dtype)),
        "category": jax.device_put(np.array(codes).reshape(len(codes), rows).T.astype(np.int32)),
    }


def graphs_of(
    inputs: GraphInputs, random: np.random.Generator, rows: int, dtype: str, *, nodes: int = 6
) -> dict[str, np.ndarray]:
    """Rings of several sizes, two edges beside each node."""
    sizes = random.integers(3, nodes + 1, (rows, 1))
    sizes[0] = nodes
    place, mask = np.arange(nodes)[None, :], np.arange(nodes)[None, :] < sizes
    after = np.where(place + 1 < sizes, place + 1, 0)
    edges = np.stack([np.stack([place + 0 * after, after], -1), np.stack([after, place + 0 * after], -1)], 2)

    def symbols(most: int, shape: tuple[int, ...]) -> np.ndarray:
        there = mask.reshape(*mask.shape, *[1] * (len(shape) - 2))
        return np.where(there, random.integers(0, most, shape), -1).astype(np.int32)

    shape = (rows, nodes, 2)
    return {
        "mask": mask,
        "edges": np.where(mask[..., None, None], edges, -1).astype(np.int32),
        "numbers": random.normal(size=(rows, nodes, inputs.numbers)).astype(dtype),
        "symbols": symbols(inputs.symbols, shape),
        "scale": random.random(shape).astype(dtype),
        "edge_numbers": random.normal(size=(*shape, inputs.edge_numbers)).astype(dtype),
        "edge_symbols": symbols(inputs.edge_symbols, (*shape, 1)),
    }


@main
def test_it_says_which_of_its_values_are_the_vector_of_an_example(name: str, place: str):
    model, x = make(name, place), examples(place)
    found = jax.eval_shape(lambda model, x: Vectors().answer(model, x), model, x)
    assert found.shape[0] == ROWS and found.ndim == 2 and found.dtype == np.float32


@jax.jit
def forward(model: Any, x: Any) -> Any:
    return model(x)


@jax.jit
def loss_and_gradient(model: Any, x: Any, key: Any) -> Any:
    """A loss to which every output matters differently, while training."""

    def loss(model: Any) -> Any:
        y = model(x, key=key, train=True)
        goal = jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape)
        return ((y - goal) ** 2).mean()

    return jax.value_and_grad(loss)(model)


def gradient(model: Any, x: Any, key: Any) -> Any:
    return loss_and_gradient(model, x, key)[1]


KEY, OTHER_KEY = (make_key(seed) for seed in range(2))


def close(a: Any, b: Any, *, rtol: float = 2e-5, atol: float = 2e-6) -> None:
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def test_every_kind_of_input_has_examples():
    kinds = {kind for spec in MODELS.values() for kind in spec.takes}
    assert kinds <= set(INPUTS), "add examples of this kind of input above"


@every
def test_shapes_and_dtypes_are_the_declared_ones(name: str, place: str):
    model = make(name, place)
    for rows in (1, ROWS):
        for dtype in ("float32", "bfloat16"):
            out = jax.eval_shape(model, examples(place, rows, dtype))
            between = out.shape[1:-1]
            assert (out.shape[0], out.shape[-1]) == (rows, OUTPUTS)
            if name in PER_PIXEL:
                assert between == examples(place).shape[1:3]
            elif name in PER_SYMBOL:
                assert between == (inputs_of(place).target.length,)
            else:
                assert between in ((), (SMALL["members"],))
            assert out.dtype == dtype
    assert {array.dtype.name for array in named_arrays(model).values()} <= {"float32", "int32"}


@pytest.mark.parametrize(("name", "place"), spared(MAIN))
def test_compiled_equals_eager(name: str, place: str):
    model, x = make(name, place), examples(place)
    close(forward(model, x), model(x))


@main
def test_gradient_reaches_every_parameter_and_is_finite(name: str, place: str):
    model = make(name, place)
    found = named_arrays(jax.device_get(gradient(model, examples(place), KEY)))
    trained = {path for path, is_trained in flat(trainable(model)).items() if is_trained}
    assert trained
    for path in trained:
        assert np.isfinite(found[path]).all(), path
        # a shift before a batch normalization is taken out again: its gradient is rounding only
        assert path.endswith("bias") or np.abs(found[path]).max() > 0, f"{path} has no part in the output"


@main
def test_vectors_are_not_decayed(name: str, place: str):
    parameters, _ = partition(make(name, place))
    decayed = flat(DECAY.apply(parameters, strict=False))
    for path, array in named_arrays(parameters).items():
        own = re.sub(r"^blocks\.\w+\.", "", path) if place == "blocks" else path  # a block's network
        stacked = re.search(r"(^|\.)blocks\.[^0-9]", own) is not None  # one more axis: the depth
        is_vector = np.ndim(array) - stacked < 2 or path in ("class_token", "positions.weight")
        assert not (is_vector and decayed[path]), path


def flat(tree: Any) -> dict[str, bool]:
    """Paths of a tree of booleans."""
    return {path: bool(array) for path, array in named_arrays(jax.tree.map(np.asarray, tree)).items()}


@main
def test_second_call_does_not_trace_again_nor_does_another_seed(name: str, place: str):
    traces = 0

    @jax.jit
    def counted(model: Any, x: Any) -> Any:
        nonlocal traces
        traces += 1
        return model(x)

    x = jax.device_get(examples(place))
    for seed in (0, 1):
        counted.trace(make(name, place, seed), x)
        counted.trace(make(name, place, seed), jax.tree.map(lambda a: a + np.ones((), a.dtype), x))
    assert traces == 1


@pytest.mark.parametrize(("name", "place"), spared(MAIN))
def test_batch_of_one_is_a_row_of_the_batch(name: str, place: str):
    model, x = make(name, place), examples(place)
    one = map_examples(lambda array: array[3:4], jax.device_get(x))
    close(forward(model, one), np.asarray(forward(model, x))[3:4])


@main
def test_arrays_by_name_are_the_whole_model(name: str, place: str):
    first, second, x = make(name, place, 0), make(name, place, 1), examples(place)
    stored = {path: np.array(array) for path, array in named_arrays(first).items()}
    restored = with_arrays(second, stored)
    np.testing.assert_array_equal(forward(restored, x), forward(first, x))
    assert jax.tree.structure(restored) == jax.tree.structure(first)
    if not name_starts_at_zero(name):
        assert not np.array_equal(forward(second, x), forward(first, x))


def name_starts_at_zero(name: str) -> bool:
    """Linear models begin with all weights zero, whatever the seed."""
    return name in ("perceptron", "logistic", "linear")


@once
def test_population_equals_a_loop(name: str, place: str):
    models, x = [make(name, place, seed) for seed in range(3)], examples(place)
    together = jax.jit(jax.vmap(lambda model, x: model(x), in_axes=(0, None)))(stack_modules(models), x)
    close(together, np.stack([forward(model, x) for model in models]))


@once
def test_bfloat16_runs_and_is_near(name: str, place: str):
    model, x = make(name, place), examples(place, dtype="bfloat16")
    low = jax.tree.map(lambda a: a.astype("bfloat16") if a.dtype == np.float32 else a, model)
    out = forward(low, x)
    assert out.dtype == jnp.bfloat16
    full = np.asarray(forward(model, examples(place)))
    np.testing.assert_allclose(np.asarray(out, np.float32), full, atol=0.05 * max(1.0, np.abs(full).max()))


@once
def test_same_key_same_result_and_another_key_another(name: str, place: str):
    model, x = make(name, place), examples(place)
    first, second, another = (
        jax.tree.leaves(jax.device_get(loss_and_gradient(model, x, key))) for key in (KEY, KEY, OTHER_KEY)
    )
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    if any(MODELS[name].options.get(rate) for rate in ("dropout", "drop_path")):
        assert any((one != other).any() for one, other in zip(first, another, strict=True))


@pytest.mark.parametrize(("name", "place"), [pair for pair in ONCE if pair[0] in SHARDED])
def test_sharded_over_the_batch_equals_whole(name: str, place: str):
    assert jax.device_count() == 8
    mesh = Mesh(np.array(jax.devices()), ("b",))
    over_batch, everywhere = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("b",), ()))
    model, x = make(name, place), examples(place)
    spread_x = map_examples(
        lambda array: jax.device_put(array, over_batch),
        x,
        common=lambda array: jax.device_put(array, everywhere),
    )
    spread = gradient(jax.device_put(model, everywhere), spread_x, KEY)
    close(named_arrays(spread), named_arrays(gradient(model, x, KEY)), rtol=1e-3, atol=1e-5)


@tables
def test_overfits_eight_samples(name: str, place: str):
    random = np.random.default_rng(0)
    rows = {
        "x": jax.tree.map(np.asarray, examples(place)),
        "y": random.normal(size=(ROWS, OUTPUTS)).astype(np.float32),
        "weight": np.ones(ROWS, np.float32),
    }
    config = TrainConfig(epochs=600, lr=0.03, schedule="cosine", weight_decay=0.0)
    model = make(name, place, dropout=0.0)
    losses = train(model, RegressionObjective(OUTPUTS), rows, config=config).history["train_loss"]
    assert losses[0] > 0.5
    assert losses[-1] < 0.1


@images
def test_overfits_eight_images(name: str, place: str):
    """With the program of the gradient, which is compiled already; a network per pixel learns each pixel."""
    model, x = make(name, place), examples(place)
    optimizer = optax.adam(0.01)
    state = jax.jit(optimizer.init)(model)

    @jax.jit
    def update(gradient: Any, state: Any, model: Any) -> Any:
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(model, updates), state

    losses = []
    for _ in range(150):
        loss, slope = loss_and_gradient(model, x, KEY)
        with jax.numpy_dtype_promotion("standard"):  # Optax counts its steps in integers
            model, state = update(slope, state, model)
        losses.append(float(loss))
    assert losses[0] > 0.3
    assert losses[-1] < 0.25 * losses[0]


@pytest.mark.parametrize(
    ("name", "place"), spared([pair for pair in EVERY if pair[1] in INPUTS[ImageInputs]])
)
def test_bytes_and_floats_are_the_same_images(name: str, place: str):
    model, x = make(name, place), np.abs(examples(place)).astype(np.uint8)
    np.testing.assert_array_equal(forward(model, x), forward(model, x.astype(np.float32)))
