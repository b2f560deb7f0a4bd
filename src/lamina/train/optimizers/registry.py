"""Optimizers by name, most of them an expression in Optax's pieces.

The learning rate of the step is an argument, so a schedule, a plateau and a population
that sweeps learning rates all use one compiled program. Optax is imported by those that
use it: the default does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jax import Array

from lamina.core.registry import Registry
from lamina.core.rules import Rules
from lamina.train.optimizers.adam import adam_rule
from lamina.train.optimizers.muon import muon_rule
from lamina.train.optimizers.rule import Rule, from_optax

Hyper = Mapping[str, Array]
Maker = Callable[[Array, Hyper, Any], Rule]

OPTIMIZERS: Registry[Maker] = Registry("optimizer")

_NAMED = re.compile(r"^((?:model\.)*(?:blocks\.(?=[^.]+\.[^.]+\.)|norms\.|missing\.))[^.]+\.?")


def without_names(path: str) -> str:
    """Return the path of a parameter without the name of its block of inputs: that comes from the data.

    Args:
        path: of a parameter.

    Example:
        >>> without_names("blocks.headshot.groups.0.conv1.weight")
        'blocks.groups.0.conv1.weight'
    """
    return _NAMED.sub(r"\1", path)


# Biases, gains of normalization, scalings, tokens, positions, and the rates and feedthrough of state spaces
# have no scale to keep small: no decay.
DECAY = Rules(
    {
        "*bias": False, "*bias_?h": False, "*norm*": False, "*.r": False, "*.s": False, "scale.weight": False,
        "*scale.weight": False, "*question": False, "*bn?.weight": False,
        "*downsample.layers.1.weight": False, "*ln.weight": False, "*ln_?.weight": False,
        "*ln_cross.weight": False, "*gamma": False,
        "*_token": False, "*positions.weight": False, "*log_scale": False, "*missing.*": False,
        "*_log": False, "*A_imag": False, "D": False, "*.D": False,
    },
    default=True,
    seen=without_names,
)  # fmt: skip

# Muon is for hidden matrices: tables of embeddings, first features and last heads stay with Adam.
MUON = Rules(
    {
        "*features*": False, "*embedding*": False, "*scale*": False, "*head*": False, "*question": False,
        "*bias": False, "*.r": False, "*.s": False, "*_log": False, "*A_imag": False,
    },
    default=True,
    seen=without_names,
)  # fmt: skip


# The experts of stacked blocks have four axes, and yet are matrices and no convolutions.
STACKS = Rules({"*experts.*": True}, default=False, seen=without_names)


def _optimizer(name: str) -> Callable[[Maker], Maker]:
    def decorate(maker: Maker) -> Maker:
        OPTIMIZERS.add(name, maker)
        return maker

    return decorate


def _with_decay(rule: Any, lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Chain an Optax piece with decoupled weight decay and the learning rate."""
    import optax

    decay = optax.add_decayed_weights(hyper["weight_decay"], decayed)
    return from_optax(optax.chain(rule, decay, optax.scale_by_learning_rate(lr)))


@_optimizer("sgd")
def sgd(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Plain gradient descent: w ← w - lr·g (Robbins, Monro 1951)."""
    import optax

    return _with_decay(optax.identity(), lr, hyper, decayed)


@_optimizer("momentum")
def momentum(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Gradient descent with heavy-ball momentum (Polyak 1964)."""
    import optax

    return _with_decay(optax.trace(decay=hyper["momentum"]), lr, hyper, decayed)


@_optimizer("nesterov")
def nesterov(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Gradient descent with a look-ahead momentum (Nesterov 1983)."""
    import optax

    return _with_decay(optax.trace(decay=hyper["momentum"], nesterov=True), lr, hyper, decayed)


@_optimizer("adagrad")
def adagrad(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Steps that shrink with the sum of squared gradients (Duchi, Hazan, Singer 2011)."""
    import optax

    return _with_decay(optax.scale_by_rss(), lr, hyper, decayed)


@_optimizer("rmsprop")
def rmsprop(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Steps divided by a running root mean square of gradients (Tieleman, Hinton 2012)."""
    import optax

    return _with_decay(optax.scale_by_rms(decay=hyper["beta2"]), lr, hyper, decayed)


@_optimizer("adam")
def adam(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Momentum and root mean square together (Kingma, Ba 2015); decay is left out."""
    return adam_rule(lr, hyper["momentum"], hyper["beta2"])


@_optimizer("adamw")
def adamw(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Adam with decoupled weight decay (Loshchilov, Hutter 2019): the default."""
    decay = hyper["weight_decay"]
    return adam_rule(lr, hyper["momentum"], hyper["beta2"], decay=decay, decayed=decayed)


@_optimizer("sparse-adam")
def sparse_adam(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Adam for large tables of embeddings: what a batch does not use stays as it is, and costs nothing."""
    decay = hyper["weight_decay"]
    return adam_rule(lr, hyper["momentum"], hyper["beta2"], decay=decay, decayed=decayed, sparse=True)


@_optimizer("lion")
def lion(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """The sign of a momentum (Chen et al. 2023): half of Adam's memory, a tenth of its lr."""
    import optax

    return _with_decay(optax.scale_by_lion(b1=hyper["momentum"], b2=hyper["beta2"]), lr, hyper, decayed)


@_optimizer("muon")
def muon(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Orthogonalized momentum for hidden matrices, Adam for the rest (Jordan et al. 2024)."""
    decay = hyper["weight_decay"]
    return muon_rule(lr, hyper["momentum"], matrices=MUON, stacks=STACKS, decay=decay, decayed=decayed)


@_optimizer("muon-all")
def muon_all(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """Muon for every matrix that decays: first features and last heads too."""
    decay = hyper["weight_decay"]
    return muon_rule(lr, hyper["momentum"], matrices=DECAY, stacks=STACKS, decay=decay, decayed=decayed)


@_optimizer("schedule-free")
def schedule_free(lr: Array, hyper: Hyper, decayed: Any) -> Rule:
    """AdamW whose average replaces the schedule (Defazio et al. 2024)."""
    import optax
    from optax import contrib

    base = optax.chain(
        optax.scale_by_rms(decay=hyper["beta2"], bias_correction=True, eps_in_sqrt=False),
        optax.add_decayed_weights(hyper["weight_decay"], decayed),
        optax.scale_by_learning_rate(lr),
    )
    return from_optax(contrib.schedule_free(base, learning_rate=lr, b1=hyper["momentum"]))


def averaged_parameters(name: str, opt_state: Any, parameters: Any) -> Any:
    """Return the parameters to evaluate: schedule-free keeps its average apart."""
    if name != "schedule-free":
        return parameters
    from optax import contrib

    return contrib.schedule_free_eval_params(opt_state, parameters)
