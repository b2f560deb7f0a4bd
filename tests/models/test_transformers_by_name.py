"""GPT-2, Llama and BERT against the package transformers: random small weights, logits and gradients."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs.text import TextInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.core.wanted import EACH, NEXT, ONE
from lamina.models import build

SYMBOLS, LENGTH, WIDTH, DEPTH, HEADS = 17, 12, 16, 2, 4
INPUTS = TextInputs(SYMBOLS, LENGTH)
IDS = np.random.default_rng(0).integers(0, SYMBOLS, (2, LENGTH)).astype(np.int32)
SHORT = np.where(np.arange(LENGTH) < np.array([[LENGTH], [7]]), IDS, -1).astype(np.int32)
KINDS: dict[str, dict[str, Any]] = {
    "gpt, tied": {"name": "gpt", "tied": True, "wants": NEXT},
    "gpt, untied": {"name": "gpt", "tied": False, "wants": NEXT},
    "llama": {"name": "llama", "key_value_heads": 2, "wants": NEXT},
    "llama, tied": {"name": "llama", "key_value_heads": 1, "tied": True, "wants": NEXT},
    "bert": {"name": "bert", "wants": EACH, "dropout": 0.0},
}


def ours(kind: str, **more: Any) -> Any:
    options: dict[str, Any] = {"heads": HEADS, "depth": DEPTH, **KINDS[kind], **more}
    outputs = 5 if options["name"] == "bert" else SYMBOLS
    return build(options.pop("name"), inputs=INPUTS, outputs=outputs, size=WIDTH, **options)


def texts(ids: np.ndarray) -> dict[str, np.ndarray]:
    return {"ids": ids, "scale": (ids >= 0).astype(np.float32)}


@jax.jit
def logits(model: Any, x: Any) -> Any:
    return model(x)


def twin_of(kind: str) -> Any:
    """A network of transformers with random weights, large enough that every part is felt."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    alike = {"vocab_size": SYMBOLS, "attn_implementation": "eager"}
    if kind.startswith("gpt"):
        config = transformers.GPT2Config(
            n_positions=LENGTH, n_embd=WIDTH, n_layer=DEPTH, n_head=HEADS, activation_function="gelu",
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, tie_word_embeddings="untied" not in kind,
            **alike,
        )  # fmt: skip
        twin = transformers.GPT2LMHeadModel(config)
    elif kind.startswith("llama"):
        config = transformers.LlamaConfig(
            hidden_size=WIDTH, intermediate_size=48, num_hidden_layers=DEPTH, num_attention_heads=HEADS,
            num_key_value_heads=KINDS[kind]["key_value_heads"], rms_norm_eps=1e-6,
            tie_word_embeddings="tied" in kind, max_position_embeddings=64, **alike,
        )  # fmt: skip
        twin = transformers.LlamaForCausalLM(config)
    else:
        config = transformers.BertConfig(
            hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS, num_labels=5,
            intermediate_size=4 * WIDTH, max_position_embeddings=LENGTH, hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0, pad_token_id=None, **alike,
        )  # fmt: skip
        twin = transformers.BertForTokenClassification(config)
    for parameter in twin.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return twin.eval()


def gpt_arrays(of: Any) -> dict[str, Any]:
    """Theirs in our names; GPT-2 stores its matrices transposed."""
    found = {"embedding.weight": of("transformer.wte.weight"), "head.weight": of("lm_head.weight")}
    found["positions.weight"] = of("transformer.wpe.weight")[None]
    layers = {
        "ln_1": "ln_1", "ln_2": "ln_2", "self_attention.in_proj": "attn.c_attn",
        "self_attention.out_proj": "attn.c_proj", "feed_forward.first": "mlp.c_fc",
        "feed_forward.second": "mlp.c_proj",
    }  # fmt: skip
    for mine, theirs in layers.items():
        for kind in ("weight", "bias"):
            arrays = [of(f"transformer.h.{i}.{theirs}.{kind}") for i in range(DEPTH)]
            stacked = np.stack([a.T for a in arrays])
            found[f"body.blocks.{mine}.{kind}"] = stacked
    return {**found, **{f"norm.{kind}": of(f"transformer.ln_f.{kind}") for kind in ("weight", "bias")}}


def llama_arrays(of: Any) -> dict[str, Any]:
    """Theirs in our names; queries, keys and values are one matrix here, and gate and value another."""
    found = {"embedding.weight": of("model.embed_tokens.weight"), "head.weight": of("lm_head.weight")}
    layers = {
        "ln_1": ["input_layernorm"], "ln_2": ["post_attention_layernorm"],
        "self_attention.in_proj": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        "self_attention.out_proj": ["self_attn.o_proj"],
        "feed_forward.first": ["mlp.gate_proj", "mlp.up_proj"], "feed_forward.second": ["mlp.down_proj"],
    }  # fmt: skip
    for mine, theirs in layers.items():
        rows = [
            np.concatenate([of(f"model.layers.{i}.{name}.weight") for name in theirs]) for i in range(DEPTH)
        ]
        found[f"body.blocks.{mine}.weight"] = np.stack(rows)
    return {**found, "norm.weight": of("model.norm.weight")}


def bert_arrays(of: Any) -> dict[str, Any]:
    """Theirs in our names; the vector of the only kind of sentence is added to all positions."""
    place = "bert.embeddings"
    kinds = of(f"{place}.token_type_embeddings.weight")[:1]
    found = {"embedding.weight": of(f"{place}.word_embeddings.weight")}
    found["positions.learned.weight"] = (of(f"{place}.position_embeddings.weight") + kinds)[None]
    one = "attention.self"
    layers = {
        "self_attention.in_proj": [f"{one}.query", f"{one}.key", f"{one}.value"],
        "self_attention.out_proj": ["attention.output.dense"], "ln_1": ["attention.output.LayerNorm"],
        "feed_forward.first": ["intermediate.dense"], "feed_forward.second": ["output.dense"],
        "ln_2": ["output.LayerNorm"],
    }  # fmt: skip
    for kind in ("weight", "bias"):
        found[f"positions.norm.{kind}"] = of(f"{place}.LayerNorm.{kind}")
        found[f"head.{kind}"] = of(f"classifier.{kind}")
        for mine, theirs in layers.items():
            rows = [
                np.concatenate([of(f"bert.encoder.layer.{i}.{name}.{kind}") for name in theirs])
                for i in range(DEPTH)
            ]
            found[f"body.blocks.{mine}.{kind}"] = np.stack(rows)
    return found


ARRAYS = {"gpt": gpt_arrays, "llama": llama_arrays, "bert": bert_arrays}


def in_our_names(kind: str, model: Any, arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    found = ARRAYS[KINDS[kind]["name"]](lambda name: arrays.get(name, np.zeros(())))
    names = named_arrays(model)
    zeros = {name: np.zeros_like(array) for name, array in names.items()}  # a bias that they leave out
    return {name: np.array(found.get(name, zeros[name])) for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_logits_and_gradients(kind: str):
    twin, model = twin_of(kind), ours(kind)
    import torch

    arrays = {name: p.detach().numpy() for name, p in twin.named_parameters()}
    model = with_arrays(model, in_our_names(kind, model, arrays))
    mask = torch.tensor((SHORT >= 0).astype(np.int64))
    theirs = twin(torch.tensor(np.maximum(SHORT, 0).astype(np.int64)), attention_mask=mask).logits
    goal = np.random.default_rng(1).normal(size=theirs.shape).astype(np.float32) * (SHORT >= 0)[..., None]
    (theirs * torch.tensor(goal)).sum().backward()

    @jax.jit
    def gradient(model: Any) -> Any:
        def loss(model: Any) -> Any:
            y = model(texts(SHORT))
            return (y * goal).sum(), y

        return jax.grad(loss, has_aux=True)(model)

    slope, y = gradient(model)
    present = SHORT >= 0
    np.testing.assert_allclose(y[present], theirs.detach().numpy()[present], rtol=1e-4, atol=1e-4)
    slopes = {name: p.grad.numpy() for name, p in twin.named_parameters() if p.grad is not None}
    expected = in_our_names(kind, model, slopes)
    for name, array in named_arrays(slope).items():
        if name == "head.bias" and kind != "bert":
            continue  # they have none
        if name == "positions.learned.weight":  # ours holds the sum of two
            expected[name] = slopes["bert.embeddings.position_embeddings.weight"][None]
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-4 * scale, err_msg=name)


@pytest.mark.parametrize("kind", ["gpt, tied", "llama"])
def test_step_by_step_is_the_whole_sequence(kind: str):
    model = ours(kind)
    whole = logits(model, texts(IDS))
    step, extend = jax.jit(type(model).step), jax.jit(type(model).extend)
    cache, found = model.init_cache(2, LENGTH), []
    for position in range(LENGTH):
        y, cache = step(model, IDS[:, position], cache)
        found.append(y)
    np.testing.assert_allclose(np.stack(found, 1), whole, rtol=1e-5, atol=1e-5)
    first, cache = extend(model, IDS[:, :7], model.init_cache(2, LENGTH))
    rest, _ = extend(model, IDS[:, 7:], cache)
    np.testing.assert_allclose(np.concatenate([first, rest], 1), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_what_is_behind_the_end_has_no_part(kind: str):
    model = ours(kind, wants=ONE)
    assert logits(model, texts(SHORT)).shape == (2, 5 if kind == "bert" else SYMBOLS)
    one = logits(model, texts(SHORT[1:, :7]))
    np.testing.assert_allclose(logits(model, texts(SHORT))[1], one[0], rtol=1e-4, atol=1e-5)


def test_options_say_how_it_is_built():
    small = functools.partial(build, inputs=INPUTS, outputs=SYMBOLS, wants=NEXT)
    model: Any = small("llama", size=64, depth=1)
    attention = model.body.blocks.self_attention
    assert (attention.heads, attention.key_value_heads) == (2, 1)
    assert model.head is not None
    tied: Any = small("gpt", size=64, depth=1, heads=8)
    assert tied.head is None
    assert tied.body.blocks.self_attention.heads == 8
    with pytest.raises(ConfigError, match="pairs of features"):
        small("llama", size=9)
    with pytest.raises(ConfigError, match="does not give"):
        build("bert", inputs=INPUTS, outputs=SYMBOLS, wants=NEXT)


def test_blocks_one_by_one_write_the_same():
    model = ours("llama")
    single = model.unstacked()
    assert len(single.body.blocks) == DEPTH
    both = [jax.jit(type(m).extend)(m, IDS, m.init_cache(2, LENGTH))[0] for m in (model, single)]
    np.testing.assert_allclose(*both, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        logits(single, texts(SHORT)), logits(model, texts(SHORT)), rtol=1e-5, atol=1e-5
    )
    assert ours("llama", depth=0).unstacked().body.depth == 0
