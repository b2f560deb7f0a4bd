"""What keeps all experts of a mixture in use."""

from __future__ import annotations

import abc
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.module import Module, buffer, static
from lamina.core.shapes import Float
from lamina.nn.linear import aligned


class AbstractBalance(Module):
    """Says by which scores experts are chosen, and learns from how often each was."""

    @abc.abstractmethod
    def __call__(
        self, probabilities: Float[Array, "*b e"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b e"]:
        """Return the scores by which experts are chosen.

        Args:
            probabilities: of the router.
            key: not used.
            train: not used.
        """

    @abc.abstractmethod
    def learn(self, probabilities: Float[Array, " e"], load: Float[Array, " e"]) -> None:
        """Hand what follows from a batch to the training step, through a tap.

        Args:
            probabilities: the mean of the router's over the batch.
            load: share of the choices of each expert, of sum one.
        """


class BalanceLoss(AbstractBalance):
    """Adds a penalty to the loss that is least where all experts have the same load.

    penalty = weight · E · Σ_e f_e · P_e,  f the share of choices of each of E experts, P its probability:
    ``weight`` where balanced, E times as much where one expert takes all. Its gradient lowers the
    probabilities of experts with a high load. It leaves through the tap ``penalty``. O(experts).

    Args:
        experts: E.
        weight: of the penalty, beside a loss of about one; more balances better and disturbs learning more.

    Shapes:
        (*batch, experts) → the same

    Example:
        >>> from lamina.core.taps import observe
        >>> half = jnp.array([0.5, 0.5])
        >>> _, seen = observe(BalanceLoss(2, weight=0.1).learn, "penalty")(half, half)
        >>> round(float(seen["penalty"]), 3)
        0.1

    References:
        Fedus et al. Switch transformers. JMLR 2022, section 2.2. Deviation: with several experts a row, f is
        the share of choices, so that the penalty does not grow with their number.
    """

    experts: int = static()
    weight: float = static()

    def __init__(self, experts: int, *, weight: float = 0.01):
        self.experts, self.weight = experts, weight

    def __call__(
        self, probabilities: Float[Array, "*b e"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b e"]:
        return probabilities

    def learn(self, probabilities: Float[Array, " e"], load: Float[Array, " e"]) -> None:
        """Tap the penalty."""
        self.tap("penalty", self.weight * self.experts * (jax.lax.stop_gradient(load) * probabilities).sum())


class BalanceBias(AbstractBalance):
    """Adds to the score of each expert a bias that grows while its load is low: no gradient is disturbed.

    score = p + b,  b_e ← b_e + rate · sign(1/E - f_e) after each step, f the share of choices of each of E
    experts. The weights of the chosen experts come from p alone. b is a running statistic, the tap
    ``running_bias``. O(experts).

    Args:
        experts: E.
        rate: how far a step moves b; probabilities are of the order of 1/E.

    Shapes:
        (*batch, experts) → the same

    Example:
        >>> from lamina.core.taps import observe
        >>> balance = BalanceBias(2, rate=0.1)
        >>> _, seen = observe(balance.learn, "running_bias")(jnp.array([0.5, 0.5]), jnp.array([0.9, 0.1]))
        >>> [round(bias, 3) for bias in seen["running_bias"].tolist()]
        [-0.1, 0.1]

    References:
        Wang et al. Auxiliary-loss-free load balancing strategy for mixture-of-experts. 2024.
    """

    running_bias: Float[Array, " e"] = buffer()
    rate: float = static()

    def __init__(self, experts: int, *, rate: float = 1e-3):
        self.running_bias, self.rate = np.zeros(experts, np.float32), rate

    def __call__(
        self, probabilities: Float[Array, "*b e"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b e"]:
        return probabilities + aligned(jax.lax.stop_gradient(jnp.asarray(self.running_bias)), probabilities)

    def learn(self, probabilities: Float[Array, " e"], load: Float[Array, " e"]) -> None:
        """Tap the bias after this step."""
        moved = self.rate * jnp.sign(1 / load.shape[0] - load)
        self.tap("running_bias", jax.lax.stop_gradient(jnp.asarray(self.running_bias) + moved))
