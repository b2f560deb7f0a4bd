"""Both sides of the row "VAE epoch" compute the same; MNIST is binarized once."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from benchmarks.contenders import lamina_vae
from benchmarks.rows import vae_epoch

from lamina.core.hashing import hashed_keys, hashed_normal
from lamina.core.random import make_key
from lamina.core.tree import named_arrays, parameter_count
from lamina.objectives.variational import VariationalObjective

pytestmark = pytest.mark.slow  # each compiles several networks

SHAPE = {"side": 6, "hidden": 16, "depth": 2, "latent": 3}


def test_loss_and_gradients_are_the_same():
    torch = pytest.importorskip("torch")
    from benchmarks.contenders import torch_vae

    x = np.sign(np.random.default_rng(0).normal(size=(5, 6, 6, 1))).astype(np.float32)
    given = np.where(x > 0, 255, 0).astype(np.uint8)
    model, key = lamina_vae.make(SHAPE, 0), make_key(0)
    objective = VariationalObjective(lamina_vae.space(SHAPE), likelihood="bernoulli")
    noise = np.asarray(hashed_normal(hashed_keys(key, 4)[2], (5, 3)))
    loss, slope = jax.value_and_grad(
        lambda model: objective.losses(model, lamina_vae.rows(given), key=key)["all"][0]
    )(model)
    network = torch_vae.VAE(SHAPE)
    network.take(named_arrays(model))
    theirs = network(torch.from_numpy(x).flatten(1), torch.from_numpy(noise.copy()))
    theirs.backward()
    assert float(loss) == pytest.approx(theirs.item(), rel=1e-5)
    found = named_arrays(slope)
    for ours, own in (("encoder.body.layers.0", network.encoder[0]), ("decoder.head", network.decoder[-1])):
        np.testing.assert_allclose(found[f"{ours}.weight"], own.weight.grad, rtol=1e-3, atol=1e-5)
    assert sum(p.numel() for p in network.parameters()) + 1 == parameter_count(model)


def test_images_are_black_or_white_and_always_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LAMINA_DATA", raising=False)
    first, second = vae_epoch.images(50), vae_epoch.images(50)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (50, 28, 28, 1) and first.dtype == np.uint8 and set(np.unique(first)) == {0, 255}
