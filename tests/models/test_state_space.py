"""Networks of state spaces over texts: position by position, filled up, and against `transformers`."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs.text import TextInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.core.wanted import NEXT, ONE
from lamina.models import build

SYMBOLS, TIME = 11, 13
IDS = np.random.default_rng(0).integers(0, SYMBOLS, (2, TIME)).astype(np.int32)
every = pytest.mark.parametrize("name", ["mamba", "mamba2", "s4d", "lru"])


@functools.cache
def make(name: str, wants: str = NEXT, **options: Any) -> Any:
    texts, outputs = TextInputs(SYMBOLS, TIME), SYMBOLS if wants == NEXT else 3
    return build(name, inputs=texts, outputs=outputs, wants=wants, **{"size": 8, "depth": 2, **options})


def texts(ids: np.ndarray) -> dict[str, jax.Array]:
    return {"ids": jnp.asarray(ids), "scale": jnp.asarray(ids >= 0, jnp.float32)}


whole = jax.jit(lambda model, x: model(x))


@jax.jit
def in_pieces(model: Any, ids: jax.Array) -> jax.Array:
    first, cache = model.extend(ids[:, :4], model.init_cache(ids.shape[0], TIME))

    def step(cache: Any, ids: jax.Array) -> tuple[Any, jax.Array]:
        outputs, cache = model.step(ids, cache)
        return cache, outputs

    others = jax.lax.scan(step, cache, ids[:, 4:].T)[1]
    return jnp.concatenate([first, jnp.moveaxis(others, 0, 1)], axis=1)


@every
def test_symbol_by_symbol_is_as_the_whole_text(name: str):
    found = whole(make(name), texts(IDS))
    assert found.shape == (2, TIME, SYMBOLS)
    np.testing.assert_allclose(in_pieces(make(name), IDS), found, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@every
def test_what_fills_up_a_text_does_not_matter(name: str):
    longer = np.concatenate([IDS, np.full((2, 5), -1, np.int32)], axis=1)
    found = whole(make(name, ONE), texts(longer))
    np.testing.assert_allclose(found, whole(make(name, ONE), texts(IDS)), rtol=1e-5, atol=1e-5)


def theirs(name: str) -> Any:
    transformers = pytest.importorskip("transformers")
    shared = {"vocab_size": SYMBOLS, "num_hidden_layers": 2, "state_size": 5}
    if name == "mamba":
        return transformers.MambaForCausalLM(transformers.MambaConfig(hidden_size=8, **shared))
    config = transformers.Mamba2Config(
        hidden_size=64, head_dim=64, num_heads=2, n_groups=1, chunk_size=8, tie_word_embeddings=True, **shared
    )
    return transformers.Mamba2ForCausalLM(config)


def renamed(path: str, layer: int) -> str:
    """The name in `transformers` of one of our parameters."""
    if path == "embedding.weight":
        return "backbone.embeddings.weight"
    if path == "norm.weight":
        return "backbone.norm_f.weight"
    return path.replace("body.blocks", f"backbone.layers.{layer}")


@pytest.mark.parametrize(("name", "size"), [("mamba", 8), ("mamba2", 64)])
def test_values_and_gradients_are_those_of_transformers(name: str, size: int):
    torch = pytest.importorskip("torch")
    ours, reference = make(name, size=size, state=5), theirs(name).eval()
    random = np.random.default_rng(1)
    arrays = {
        path: (random.normal(size=array.shape) * 0.3).astype(np.float32)
        for path, array in named_arrays(ours).items()
    }
    state = {}
    for path, array in arrays.items():
        for layer in range(2):
            state[renamed(path, layer)] = torch.tensor(array[layer] if ".blocks." in path else array)
    state["lm_head.weight"] = state["backbone.embeddings.weight"]
    reference.load_state_dict(state)
    logits = reference(torch.tensor(IDS.astype(np.int64))).logits
    loss = torch.nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1), torch.tensor(IDS[:, 1:]).flatten().long()
    )
    loss.backward()

    @jax.jit
    def values_and_slopes(model: Any) -> Any:
        def loss(model: Any) -> Any:
            logits = model(texts(IDS))
            chances = jnp.take_along_axis(jax.nn.log_softmax(logits[:, :-1]), IDS[:, 1:, None], axis=-1)
            return -chances.mean(), logits

        return jax.value_and_grad(loss, has_aux=True)(model)

    (_, found), slope = values_and_slopes(with_arrays(ours, arrays))
    np.testing.assert_allclose(found, logits.detach(), rtol=1e-4, atol=1e-4)
    wanted = {path: parameter.grad.numpy() for path, parameter in reference.named_parameters()}
    for path, array in named_arrays(jax.device_get(slope)).items():
        layers = range(2) if ".blocks." in path else [None]
        for layer in layers:
            one = array if layer is None else array[layer]
            other = wanted[renamed(path, layer or 0)]
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4, err_msg=path)
