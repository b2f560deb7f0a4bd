"""Monotone splines of rational quadratic pieces, which are inverted in closed form."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.shapes import Float

LEAST_PIECE, LEAST_SLOPE = 1e-3, 1e-3  # of the whole, and of the spline at its knots: keep the inverse finite
_SLOPE_ONE = math.log(math.expm1(1 - LEAST_SLOPE))  # softplus of it, and the least slope, are 1


class Knots(NamedTuple):
    """Where the pieces of a spline meet.

    Args:
        x: (*b, k + 1), increasing.
        y: (*b, k + 1), increasing.
        slopes: (*b, k + 1) at each knot, 1 at both ends.
    """

    x: Array
    y: Array
    slopes: Array


class _Piece(NamedTuple):
    """The piece that a number lies in: its lower corner, its size and its slopes at both ends."""

    x: Array
    y: Array
    width: Array
    height: Array
    first: Array
    last: Array


def knots_of(raw: Float[Array, "*b p"], *, bound: float) -> Knots:
    """Return the knots that free numbers stand for; of zeros those of the identity.

    Args:
        raw: for k pieces 3k - 1 numbers: logits of widths and of heights, slopes before a softplus.
        bound: the spline goes from (-bound, -bound) to (bound, bound).

    Shapes:
        (*b, 3k - 1) → three of (*b, k + 1)

    Example:
        >>> knots_of(jnp.zeros(5), bound=2.0).x.tolist()
        [-2.0, 0.0, 2.0]
    """
    pieces = (raw.shape[-1] + 1) // 3
    inner = LEAST_SLOPE + jax.nn.softplus(raw[..., 2 * pieces :] + _SLOPE_ONE)
    ends = jnp.ones((*raw.shape[:-1], 1), raw.dtype)
    slopes = jnp.concatenate([ends, inner, ends], axis=-1)
    widths, heights = raw[..., :pieces], raw[..., pieces : 2 * pieces]
    return Knots(_places(widths, bound), _places(heights, bound), slopes)


def _places(logits: Array, bound: float) -> Array:
    """Return increasing places from -bound to bound; a product with a triangle sums small arrays fastest."""
    pieces = logits.shape[-1]
    shares = LEAST_PIECE + (1 - LEAST_PIECE * pieces) * jax.nn.softmax(logits)
    triangle = jnp.asarray(np.triu(np.ones((pieces, pieces - 1))), shares.dtype)
    inner = 2 * bound * (shares @ triangle) - bound
    ends = jnp.full((*logits.shape[:-1], 1), bound, shares.dtype)
    return jnp.concatenate([-ends, inner, ends], axis=-1)


def rational_spline(x: Float[Array, "*b"], knots: Knots) -> tuple[Float[Array, "*b"], Float[Array, "*b"]]:
    """Return y(x) of a monotone spline, and log y'(x); beyond the ends y = x.

    In the piece between knots k and k + 1, with ξ = (x - x_k) / w, s = h / w and the slopes d_k at the knots:

        y = y_k + h · (s ξ² + d_k ξ(1 - ξ)) / (s + (d_k + d_{k+1} - 2s) ξ(1 - ξ))

    O(numbers · k).

    Args:
        x: numbers.
        knots: of each number's own spline.

    Shapes:
        (*b) and knots (*b, k + 1) → (*b), (*b)

    Example:
        >>> knots = knots_of(jnp.array([[2.0, 0.0, 0.0, 0.0, 0.0]]), bound=1.0)
        >>> y, log_slope = rational_spline(jnp.array([0.5]), knots)
        >>> round(float(rational_spline_inverse(y, knots)[0][0]), 5)
        0.5

    References:
        Durkan, Bekasov, Murray, Papamakarios. Neural spline flows. NeurIPS 2019. Gregory, Delbourgo.
        Piecewise rational quadratic interpolation to monotonic data. IMA J. Numerical Analysis 1982.
    """
    inside = jnp.abs(x) < knots.x[..., -1]
    held = jnp.where(inside, x, 0.0)
    piece = _piece(held, knots.x, knots)
    share = ((held - piece.x) / piece.width).clip(0.0, 1.0)
    y = piece.y + piece.height * _rise(share, piece)
    return jnp.where(inside, y, x), jnp.where(inside, _log_slope(share, piece), 0.0)


def rational_spline_inverse(
    y: Float[Array, "*b"], knots: Knots
) -> tuple[Float[Array, "*b"], Float[Array, "*b"]]:
    """Return the x whose y this is, and log dx/dy; the root of a quadratic equation in each piece.

    Args:
        y: numbers.
        knots: of each number's own spline.

    Shapes:
        (*b) and knots (*b, k + 1) → (*b), (*b)
    """
    inside = jnp.abs(y) < knots.y[..., -1]
    held = jnp.where(inside, y, 0.0)
    piece = _piece(held, knots.y, knots)
    slope, above = piece.height / piece.width, held - piece.y
    bent = above * (piece.first + piece.last - 2 * slope)
    a = piece.height * (slope - piece.first) + bent
    b = piece.height * piece.first - bent
    c = -slope * above
    root = jnp.sqrt(jnp.maximum(b**2 - 4 * a * c, 0.0))
    share = (2 * c / (-b - root)).clip(0.0, 1.0)
    x = piece.x + piece.width * share
    return jnp.where(inside, x, y), jnp.where(inside, -_log_slope(share, piece), 0.0)


def _piece(values: Array, places: Array, knots: Knots) -> _Piece:
    """Return the piece of each number: a mask and a sum, which fuse, instead of a gather."""
    first = values[..., None] >= places[..., :-1]
    last = jnp.concatenate([first[..., 1:], jnp.zeros_like(first[..., :1])], axis=-1)
    chosen = (first & ~last).astype(values.dtype)

    def of(array: Array) -> Array:
        return (array * chosen).sum(axis=-1)

    widths, heights = (place[..., 1:] - place[..., :-1] for place in (knots.x, knots.y))
    lower, upper = knots.slopes[..., :-1], knots.slopes[..., 1:]
    return _Piece(of(knots.x[..., :-1]), of(knots.y[..., :-1]), of(widths), of(heights), of(lower), of(upper))


def _parts(share: Array, piece: _Piece) -> tuple[Array, Array, Array]:
    """Return s, ξ(1 - ξ) and the denominator."""
    slope, product = piece.height / piece.width, share * (1 - share)
    return slope, product, slope + (piece.first + piece.last - 2 * slope) * product


def _rise(share: Array, piece: _Piece) -> Array:
    """Return which share of the piece's height is reached."""
    slope, product, below = _parts(share, piece)
    return (slope * share**2 + piece.first * product) / below


def _log_slope(share: Array, piece: _Piece) -> Array:
    """Return the logarithm of the derivative."""
    slope, product, below = _parts(share, piece)
    above = piece.last * share**2 + 2 * slope * product + piece.first * (1 - share) ** 2
    return 2 * jnp.log(slope) + jnp.log(above) - 2 * jnp.log(below)
