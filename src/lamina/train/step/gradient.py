"""The gradient of one part's loss: precision, penalties, microbatches, clipping."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lamina.core.hashing import hashed_keys
from lamina.core.rules import Rules
from lamina.core.shared_arrays import map_examples
from lamina.core.taps import observe
from lamina.ops.update import all_finite
from lamina.train.optimizers.registry import DECAY, Hyper
from lamina.train.step.program import Program, arithmetic, cast, cast_inputs
from lamina.train.step.state import Slices, combine

_STATISTICS = "*running_*"  # taps whose values go into the buffers of the same path
_PENALTIES = "*penalty"  # taps whose sums, weighted by whoever taps them, are added to the loss
_EXACT = (jnp.float32, jnp.uint8)  # whole numbers from 0 to 255 are exact in bfloat16 too


class Found(NamedTuple):
    """What the backward pass of one part gives.

    Args:
        loss: the part's loss, penalties included: L1 and L2, and those that the model tapped.
        gradient: with respect to the part's own parameters.
        seen: running statistics that the taps saw, by path.
        metrics: what the objective reports beside the loss; ``penalty`` where the model tapped some.
    """

    loss: Any
    gradient: Any
    seen: dict[str, Any]
    metrics: dict[str, Any]


def gradient_of_part(
    program: Program, name: str, slices: Slices, batch: Any, key: Any, hyper: Hyper
) -> Found:
    """Return loss and gradient of one part over the whole batch, one microbatch after another.

    Args:
        program: what is fixed while compiling.
        name: the part, one of the objective's.
        slices: the model, cut into what the part moves and the rest.
        batch: arrays, examples first.
        key: random key of the part at this step.
        hyper: numbers of the run.
    """
    count = program.accumulate
    if count == 1:
        return _gradient(program, name, slices, batch, key, hyper)
    cut = map_examples(
        lambda a: a.reshape(count, a.shape[0] // count, *a.shape[1:]),
        batch,
        common=lambda a: jnp.broadcast_to(a, (count, *a.shape)),
    )
    keys = hashed_keys(key, count)
    first = jax.tree.map(lambda a: a[0], cut)
    total = jax.tree.map(
        lambda a: jnp.zeros(a.shape, a.dtype),
        jax.eval_shape(lambda: _gradient(program, name, slices, first, keys[0], hyper)),
    )

    def body(total: Found, microbatch: Any) -> tuple[Found, None]:
        batch, key = microbatch
        found = _gradient(program, name, slices, batch, key, hyper)
        return jax.tree.map(lambda a, b: a + (b / count).astype(a.dtype), total, found), None

    return jax.lax.scan(body, total, (cut, keys))[0]


def _gradient(program: Program, name: str, slices: Slices, batch: Any, key: Any, hyper: Hyper) -> Found:
    def loss_of(own: Any) -> tuple[Array, Any]:
        parameters = cast(combine(own, slices.others), program.precision)
        inputs = cast_inputs(batch, program.precision, kinds=_EXACT)
        network = combine(parameters, slices.rest)
        losses, seen = observe(lambda *a: program.losses(*a, key=key), _STATISTICS, _PENALTIES, strict=False)(
            network, inputs
        )
        loss, metrics = losses[name]
        tapped, seen = _split_penalties(seen, program.objective.parts[name].paths)
        if tapped:  # without any the program is the same as ever
            penalty = sum(value.astype(jnp.float32).sum() for value in tapped)
            loss, metrics = loss + penalty, {**metrics, "penalty": penalty}
        return loss + (_penalty(own, hyper) if program.penalized else 0.0), (seen, metrics)

    with arithmetic(program.precision):
        (loss, (seen, metrics)), gradient = jax.value_and_grad(loss_of, has_aux=True)(slices.own)
    return Found(loss, gradient, seen, metrics)


def _split_penalties(seen: dict[str, Any], paths: Sequence[str]) -> tuple[list[Array], dict[str, Any]]:
    """Return the penalties that the taps on these paths gave, and the running statistics."""
    mine = Rules(dict.fromkeys(paths, True), default=False)
    penalties = [path for path in seen if fnmatch.fnmatchcase(path, _PENALTIES)]
    return [seen[path] for path in penalties if mine[path]], {
        path: value for path, value in seen.items() if path not in penalties
    }


def _penalty(parameters: Any, hyper: Hyper) -> Array:
    kept = DECAY.apply(parameters, strict=False)
    weights = [p for p, keep in zip(jax.tree.leaves(parameters), jax.tree.leaves(kept), strict=True) if keep]
    signs = [jnp.sign(jax.lax.stop_gradient(w)) for w in weights]  # jnp.abs has slope one at zero
    l1 = sum(((w * sign).sum() for w, sign in zip(weights, signs, strict=True)), jnp.zeros(()))
    l2 = sum(((w**2).sum() for w in weights), jnp.zeros(()))
    return hyper["l1"] * l1 + 0.5 * hyper["l2"] * l2


def clip_and_check(program: Program, found: Found, hyper: Hyper) -> tuple[Any, Array]:
    """Return the gradient, clipped if asked, and whether it and the loss are finite."""
    leaves = jax.tree.leaves(found.gradient)
    if not program.clipped:
        return found.gradient, all_finite([found.loss, *leaves])
    norm = jnp.sqrt(jnp.stack([jnp.vdot(g, g) for g in leaves]).sum())
    scale = jnp.minimum(1.0, hyper["clip"] / jnp.maximum(norm, 1e-12))
    clipped = jax.tree.map(lambda g: g * scale, found.gradient)
    return clipped, jnp.isfinite(found.loss) & jnp.isfinite(norm)
