"""Both sides of the row "GAN step" compute the same, and what the row "GAN modes" counts."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks.contenders import lamina_gan
from benchmarks.rows import gan_modes, gan_step

from lamina.core.random import make_key
from lamina.core.tree import named_arrays, parameter_count
from lamina.objectives.adversarial import Sides

pytestmark = pytest.mark.slow  # each compiles several networks

SHAPE = {"side": 16, "channels": 2, "width": 4, "latent": 6}


@pytest.mark.parametrize("loss", ["relativistic", "hinge"])
def test_losses_and_gradients_are_those_of_torch(loss: str):
    torch = pytest.importorskip("torch")
    from benchmarks.contenders import torch_gan

    model, objective = lamina_gan.make(SHAPE, 0), lamina_gan.objective(SHAPE, loss, 2.0)
    game = torch_gan.Game(SHAPE)
    game.take(named_arrays(model))
    assert sum(p.numel() for p in game.parameters()) == parameter_count(model)
    chance = np.random.default_rng(0)
    real = np.tanh(chance.normal(size=(5, 16, 16, 2))).astype(np.float32)
    noise = chance.normal(size=(5, 6)).astype(np.float32)

    @jax.jit
    def losses(model: Any) -> Any:
        def of(model: Any) -> Any:
            fake = model.generator(jnp.asarray(noise), jnp.full(5, -1), train=True)
            sides = Sides(jnp.asarray(real), fake, jnp.full(5, -1), jnp.ones(5), make_key(0))
            own = objective.critic_loss(lambda x, label: model.critic(x, label), sides)[0]
            other = objective.generator_loss(lambda x, label: model.critic(x, label), sides)
            return own, other

        both = of(model)
        slopes = [jax.grad(lambda m, n=n: of(m)[n])(model) for n in (0, 1)]
        return both, slopes[0].critic, slopes[1].generator

    ours, of_critic, of_generator = jax.device_get(losses(model))
    recipe = {**gan_step.RECIPE, "penalty": 2.0}
    trainer = torch_gan.Trainer(game, recipe, loss, "fused", SHAPE["latent"])
    given, z = torch.from_numpy(real).permute(0, 3, 1, 2), torch.from_numpy(noise)
    theirs = trainer.critic_loss(given, game.generator(z).detach())
    assert float(ours[0]) == pytest.approx(theirs.item(), rel=1e-4)
    theirs.backward()
    np.testing.assert_allclose(
        of_critic.layers[1].weight, game.critic.layers[1].weight.grad, rtol=1e-3, atol=1e-5
    )
    other = trainer.generator_loss(given, z)
    assert float(ours[1]) == pytest.approx(other.item(), rel=1e-4)
    other.backward()
    np.testing.assert_allclose(
        of_generator.first.weight, game.generator.first.weight.grad, rtol=1e-3, atol=1e-6
    )


def test_modes_of_a_grid():
    points = np.concatenate([gan_modes.GRID[:20] + 0.01, [[1.0, 1.0]]])
    assert gan_modes.judged_grid(points) == (20, pytest.approx(20 / 21))
    modes, good = gan_modes.judged_grid(gan_modes.grid_points(2500, 0))
    assert modes == 25 and good == pytest.approx(1 - np.exp(-4.5), abs=0.01)


def test_modes_of_stacked_digits():
    def reads(x: np.ndarray) -> np.ndarray:
        return x[:, 0, 0, 0].astype(int) // 25

    each = np.array([[0, 0, 0], [9, 9, 9], [1, 2, 3], [1, 2, 3]])
    images = np.broadcast_to((each * 25 / 127.5 - 1)[:, None, None], (4, 2, 2, 3))
    modes, divergence = gan_modes.judged_stacked(images, reads)
    assert modes == 3
    assert divergence == pytest.approx(np.log(1000) - (0.5 * np.log(2) + 0.5 * np.log(4)))


def test_flops_of_the_networks():
    critic, generator = gan_step.network_flops()
    layers = 16 * (16**2 * 3 * 64 + 8**2 * 64 * 128 + 4**2 * 128 * 256)
    assert critic == 2 * (layers + 16 * 256) and generator == 2 * (layers + 64 * 16 * 256)
    assert gan_step.step_flops("hinge") == 8 * critic + 4 * generator
