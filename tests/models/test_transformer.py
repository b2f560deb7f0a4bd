"""The transformer against `torch.nn.Transformer` with the same weights; writing against teacher forcing."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import PairInputs
from lamina.core.inputs.text import TextInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.models import build

WIDTH, DEPTH, HEADS = 16, 2, 4
INPUTS = PairInputs(TextInputs(13, 7), TextInputs(11, 6))
RANDOM = np.random.default_rng(0)


def texts(symbols: int, length: int, lengths: list[int]) -> dict[str, np.ndarray]:
    ids = RANDOM.integers(0, symbols, (len(lengths), length)).astype(np.int32)
    ids = np.where(np.arange(length) < np.array(lengths)[:, None], ids, -1).astype(np.int32)
    return {"ids": ids, "scale": (ids >= 0).astype(np.float32)}


X = {"source": texts(13, 7, [7, 3, 5]), "target": texts(11, 6, [6, 4, 1])}
THERE = X["target"]["ids"] >= 0


def ours(**options: Any) -> Any:
    options = {"depth": DEPTH, "heads": HEADS, "dropout": 0.0, **options}
    return build("transformer", inputs=INPUTS, outputs=11, size=WIDTH, **options)


@jax.jit
def logits(model: Any, x: Any) -> Any:
    return model(x)


def twin_of() -> Any:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    twin = torch.nn.Transformer(
        WIDTH, HEADS, DEPTH, DEPTH, 4 * WIDTH, dropout=0.0, activation="gelu", layer_norm_eps=1e-6,
        batch_first=True, norm_first=True,
    )  # fmt: skip
    for parameter in twin.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return twin.eval()


# Ours → theirs, of a block of the encoder and of the decoder.
ENCODER = {
    "ln_1": "norm1", "ln_2": "norm2", "self_attention.in_proj": "self_attn.in_proj",
    "self_attention.out_proj": "self_attn.out_proj", "first": "linear1", "second": "linear2",
}  # fmt: skip
DECODER = {
    "ln_1": "norm1", "ln_cross": "norm2", "ln_2": "norm3", "self_attention.in_proj": "self_attn.in_proj",
    "self_attention.out_proj": "self_attn.out_proj", "cross_attention.out_proj": "multihead_attn.out_proj",
    "feed_forward.first": "linear1", "feed_forward.second": "linear2",
}  # fmt: skip


def in_our_names(theirs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of `torch.nn.Transformer` in our names; it asks and remembers by one matrix."""

    def stacked(side: str, name: str, kind: str, rows: slice = slice(None)) -> np.ndarray:
        own = f"{name}_{kind}" if name.endswith("in_proj") else f"{name}.{kind}"
        return np.stack([theirs[f"{side}.layers.{i}.{own}"][rows] for i in range(DEPTH)])

    found = {}
    for kind in ("weight", "bias"):
        for side, parts in (("encoder", ENCODER), ("decoder", DECODER)):
            found[f"{side}_norm.{kind}"] = theirs[f"{side}.norm.{kind}"]
            for mine, name in parts.items():
                found[f"{side}.blocks.{mine}.{kind}"] = stacked(side, name, kind)
        cross, place = "decoder.blocks.cross_attention", "multihead_attn.in_proj"
        found[f"{cross}.query_proj.{kind}"] = stacked("decoder", place, kind, slice(WIDTH))
        found[f"{cross}.memory_proj.{kind}"] = stacked("decoder", place, kind, slice(WIDTH, None))
    return found


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # norms stand first
def test_outputs_and_gradients_are_those_of_torch():
    twin, model = twin_of(), ours()
    import torch

    own = named_arrays(model)
    theirs = in_our_names({name: p.detach().numpy() for name, p in twin.named_parameters()})
    model = with_arrays(model, {name: np.array(theirs.get(name, array)) for name, array in own.items()})
    goal = RANDOM.normal(size=(*X["target"]["ids"].shape, 11)).astype(np.float32)
    goal *= THERE[..., None]

    def product(model: Any) -> Any:
        found = model(X)
        return (found * goal).sum(), found

    (_, found), slope = jax.jit(jax.value_and_grad(product, has_aux=True))(model)

    vectors = {name: torch.tensor(np.array(own[f"{name}_embedding.weight"])) for name in X}
    entered = {}
    for name, positions in (("source", model.source_positions), ("target", model.target_positions)):
        ids = torch.tensor(np.maximum(X[name]["ids"], 0)).long()
        waves = np.asarray(positions(jnp.zeros((1, ids.shape[1], WIDTH))))
        entered[name] = vectors[name][ids] * WIDTH**0.5 + torch.tensor(waves)
    absent = torch.tensor(X["source"]["ids"] < 0)
    mask = torch.triu(torch.ones(6, 6, dtype=torch.bool), diagonal=1)
    y = twin(
        entered["source"], entered["target"], tgt_mask=mask, src_key_padding_mask=absent,
        memory_key_padding_mask=absent,
    )  # fmt: skip
    expected = y @ vectors["target"].T
    (expected * torch.tensor(goal)).sum().backward()
    np.testing.assert_allclose(
        np.asarray(found)[THERE], expected.detach().numpy()[THERE], rtol=1e-4, atol=1e-5
    )
    slopes = in_our_names({name: p.grad.numpy() for name, p in twin.named_parameters()})
    mine = named_arrays(jax.device_get(slope))
    for name, array in slopes.items():
        scale = max(1.0, float(np.abs(array).max()))
        np.testing.assert_allclose(mine[name] / scale, array / scale, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("options", [{}, {"positions": "learned", "tied": False, "decoder_depth": 1}])
def test_writing_step_by_step_gives_the_outputs_of_teacher_forcing(options: dict[str, Any]):
    model = ours(**options)
    expected = np.asarray(logits(model, X))

    @jax.jit
    def begin(model: Any) -> Any:
        return model.init_cache(model.encode(X["source"]), X["source"]["ids"] >= 0, 6)

    extend = jax.jit(lambda model, ids, cache: model.extend(ids, cache))
    cache, found = begin(model), []
    ids = np.maximum(X["target"]["ids"], 0)
    for start, stop in ((0, 2), (2, 4), (4, 6)):
        one, cache = extend(model, ids[:, start:stop], cache)
        found.append(np.asarray(one))
    np.testing.assert_allclose(np.concatenate(found, axis=1)[THERE], expected[THERE], atol=1e-5)


def test_what_stands_behind_the_end_of_a_source_and_later_symbols_do_not_matter():
    model = ours()
    expected = np.asarray(logits(model, X))
    source, target = X["source"]["ids"][:2], X["target"]["ids"][:2].copy()
    longer = np.pad(source, ((0, 0), (0, 4)), constant_values=-1)
    target[:, 3:] = 5
    x = {
        "source": {"ids": longer, "scale": (longer >= 0).astype(np.float32)},
        "target": {"ids": target, "scale": np.ones(target.shape, np.float32)},
    }
    np.testing.assert_allclose(np.asarray(model(x))[:, :3], expected[:2, :3], atol=1e-5)


def test_shared_vectors_are_one_array_and_need_the_same_symbols():
    with pytest.raises(ConfigError, match="they have different symbols; expected 11 symbols in both"):
        ours(shared=True)
    same = PairInputs(TextInputs(11, 7), TextInputs(11, 6))
    model = build("transformer", inputs=same, outputs=11, size=8, depth=1, shared=True)
    assert [name for name in named_arrays(model) if "embedding" in name] == ["target_embedding.weight"]
    x = {**X, "source": texts(11, 7, [7, 3, 5])}
    assert jax.eval_shape(model, x).shape == (3, 6, 11)


def test_inputs_of_another_sort_are_refused():
    with pytest.raises(ConfigError, match="no pair of texts"):
        build("transformer", inputs=TextInputs(5, 5), outputs=5)
    bag = PairInputs(TextInputs(5, 5, is_ordered=False), TextInputs(5, 5))
    with pytest.raises(ConfigError, match="needs the symbols of a text in their order"):
        build("transformer", inputs=bag, outputs=5)
    with pytest.raises(ConfigError, match="expected sinusoidal or learned"):
        ours(positions="none")
