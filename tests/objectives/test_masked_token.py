"""The surprise at hidden symbols: what is chosen and replaced, losses, sums and metrics, against NumPy."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.hashing import hashed_keys
from lamina.core.random import make_key
from lamina.objectives import masked_token
from lamina.objectives.masked_token import GUESS, LOG_P, PLACE, SEEN, TOP_P, MaskedTokenObjective

SYMBOLS, CONTEXT, WINDOWS = 12, 20, 6
END, MASK, PLACES = SYMBOLS - 1, SYMBOLS, 3
OBJECTIVE = MaskedTokenObjective(SYMBOLS, CONTEXT)
TABLE = np.random.default_rng(1).normal(size=(CONTEXT, SYMBOLS + 1)).astype(np.float32)


def by_place(x: Any, *, key: Any = None, train: bool = False) -> Any:
    """A network whose logits depend on the place alone."""
    return jnp.broadcast_to(jnp.asarray(TABLE)[None], (len(x["ids"]), *TABLE.shape))


def at_places(x: Any, *, key: Any = None, train: bool = False) -> Any:
    """The same one, that gives what is asked for alone."""
    return jnp.asarray(TABLE)[x["at"]]


def tokens(rows: int = WINDOWS) -> np.ndarray:
    """Windows, the last of which ends early, with ends of texts in them."""
    found = np.random.default_rng(0).integers(0, END, (rows, 2 * CONTEXT + 1)).astype(np.int32)
    found[:, 7] = END
    found[-1, 5:] = -1
    return found


def hidden(rows: int, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    ids = jnp.asarray(tokens(rows)[:, :CONTEXT])
    found = jax.jit(OBJECTIVE.hidden)(ids, hashed_keys(seed, rows))
    return np.asarray(ids), jax.tree.map(np.asarray, found["x"]), np.asarray(found["y"])


def test_a_share_is_chosen_and_the_ends_of_texts_never_are():
    ids, x, y = hidden(400)
    assert ((y >= 0).sum(axis=1)[:-1] == 3).all() and (y[-1] >= 0).sum() == 1  # 15 % of 19 and of 5 symbols
    chosen = y >= 0
    np.testing.assert_array_equal(np.take_along_axis(ids, x["at"], 1)[chosen], y[chosen])
    assert END not in y and all(len({*row}) == PLACES for row in x["at"].tolist())
    places = np.bincount(x["at"][:-1][chosen[:-1]], minlength=CONTEXT)
    assert places[7] == 0 and (places[np.arange(CONTEXT) != 7] > 30).all()
    np.testing.assert_array_equal(x["scale"], ids >= 0)


def test_of_the_chosen_most_are_masked_some_replaced_some_left():
    ids, x, y = hidden(2000)
    chosen, seen = y >= 0, np.take_along_axis(x["ids"], x["at"], 1)
    shares = [(seen == MASK)[chosen].mean(), (seen == y)[chosen].mean()]
    np.testing.assert_allclose(shares, [0.8, 0.1 + 0.1 / END], atol=0.02)
    assert END not in seen[chosen]
    untouched = np.ones(ids.shape, bool)
    np.put_along_axis(untouched, np.where(chosen, x["at"], x["at"]), ~chosen, 1)
    np.testing.assert_array_equal(x["ids"][untouched], ids[untouched])


def test_training_draws_place_length_and_masks_anew():
    rows = 500
    arrays = {"x": jnp.asarray(np.arange(2 * CONTEXT + 1, dtype=np.int32)[None].repeat(rows, 0) % END),
              "weight": jnp.ones(rows)}  # fmt: skip
    pick = jax.jit(lambda key: OBJECTIVE.pick(arrays, jnp.arange(rows), key=key))
    first, again, second = (jax.tree.map(np.asarray, pick(make_key(seed))) for seed in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert (first["x"]["ids"] != second["x"]["ids"]).any()
    held = (first["x"]["ids"] >= 0).sum(axis=1)
    assert 0.05 < (held < CONTEXT).mean() < 0.15 and held.min() >= 1
    assert ((first["y"] >= 0).sum(axis=1) >= 1).all()
    starts = {*first["x"]["ids"][:, 0].tolist()} - {MASK}
    assert starts == {*range(END)}


def test_a_short_window_is_read_from_its_beginning():
    arrays = {"x": jnp.asarray(tokens()[-1:]), "weight": jnp.ones(1)}
    for seed in range(8):
        own = OBJECTIVE.pick(arrays, jnp.zeros(1, jnp.int32), key=make_key(seed))
        assert (np.asarray(own["y"]) >= 0).sum() == 1


def test_the_masks_of_evaluation_are_those_of_the_window_wherever_it_stands():
    order = np.array([3, 1, 5, 0, 2, 4])
    answer = jax.jit(lambda x: OBJECTIVE.answer(by_place, x))
    one, other = np.asarray(answer(tokens())), np.asarray(answer(tokens()[order]))
    np.testing.assert_array_equal(one[order], other)
    assert len({tuple(row) for row in one[..., PLACE].tolist()}) > 3


def expected(decoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log p of the hidden symbols, and which places of what was decoded are used."""
    logits = TABLE[:, :END].astype(np.float64)
    stated = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    place = decoded[..., PLACE].astype(int)
    true = np.take_along_axis(tokens()[:, :CONTEXT], np.maximum(place, 0), 1)
    return stated[np.maximum(place, 0), true], place >= 0


def test_what_is_decoded_and_measured():
    decoded = np.asarray(OBJECTIVE.answer(by_place, tokens()))
    log_p, counted = expected(decoded)
    np.testing.assert_allclose(decoded[..., LOG_P][counted], log_p[counted], rtol=1e-5)
    best = TABLE[:, :END].argmax(axis=1)
    place = decoded[..., PLACE].astype(int)
    np.testing.assert_array_equal(decoded[..., GUESS][counted], best[place][counted])
    assert (decoded[..., TOP_P][counted] >= np.exp(decoded[..., LOG_P])[counted] - 1e-6).all()
    assert {*decoded[..., SEEN][counted].tolist()} <= {*range(END), MASK}
    found = OBJECTIVE.metrics(decoded, tokens()[:, :CONTEXT])
    assert found["loss"] == pytest.approx(-log_p[counted].mean(), rel=1e-5)
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))
    intervals = OBJECTIVE.intervals(decoded, tokens()[:, :CONTEXT])
    assert all(low <= found[name] <= high for name, (low, high) in intervals.items()) and len(intervals) == 3


@pytest.mark.parametrize("model", [by_place, at_places])
def test_sums_of_evaluation_are_the_metrics(model: Any):
    decoded = np.asarray(OBJECTIVE.answer(by_place, tokens()))
    found = OBJECTIVE.metrics(decoded, tokens()[:, :CONTEXT])
    batch = {"x": jnp.asarray(tokens()), "weight": jnp.ones(WINDOWS)}
    sums = OBJECTIVE.evaluate(model, batch, key=make_key(5))
    assert float(sums["weight"]) == 3 * (WINDOWS - 1) + 1
    for name in ("loss", "accuracy"):
        assert float(sums[name] / sums["weight"]) == pytest.approx(found[name], rel=1e-5)


def test_the_loss_is_the_mean_at_hidden_symbols_by_weight():
    ids = jnp.asarray(tokens()[:, :CONTEXT])
    own = OBJECTIVE.hidden(ids, hashed_keys(0, WINDOWS))
    weight = jnp.array([0.0, 2.0, 0.0, 0.0, 0.0, 0.0])
    loss, _ = OBJECTIVE.losses(by_place, {**own, "weight": weight}, key=make_key(0))["all"]
    logits = TABLE[:, :END].astype(np.float64)
    stated = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    mean = -stated[np.asarray(own["x"]["at"][1]), np.asarray(own["y"][1])].mean()
    assert float(loss) == pytest.approx(mean, rel=1e-5)


def test_a_window_of_ends_alone_counts_nothing():
    ends = np.full((2, 2 * CONTEXT + 1), END, np.int32)
    decoded = np.asarray(OBJECTIVE.answer(by_place, ends))
    found = OBJECTIVE.metrics(decoded, ends[:, :CONTEXT])
    assert all(math.isnan(value) for value in found.values())
    assert OBJECTIVE.intervals(decoded, ends[:, :CONTEXT]) == {}


def test_groups_of_windows_give_what_all_at_once_do(monkeypatch: pytest.MonkeyPatch):
    whole = np.asarray(OBJECTIVE.answer(by_place, tokens()))
    monkeypatch.setattr(masked_token, "MOST_LOGITS", 2 * CONTEXT * (SYMBOLS + 1))
    np.testing.assert_allclose(np.asarray(OBJECTIVE.answer(by_place, tokens())), whole, rtol=1e-6)


def test_the_mask_itself_is_never_stated():
    assert float(OBJECTIVE.decode(jnp.zeros((1, 1, SYMBOLS + 1)))[0, 0, MASK]) == 0.0
    ids = jnp.asarray(tokens()[:2, :CONTEXT])
    may_be = jnp.arange(SYMBOLS + 1) < 4
    for model in (by_place, at_places):
        stated = np.exp(np.asarray(OBJECTIVE.stated(model, ids, jnp.int32(2), may_be)))
        logits = np.exp(TABLE[2, :4])
        np.testing.assert_allclose(stated[:, :4], (logits / logits.sum())[None].repeat(2, 0), rtol=1e-5)
        assert not stated[:, 4:].any()


def test_what_is_never_hidden_is_never_guessed():
    likely = jnp.asarray(TABLE).at[:, END:].add(20.0)  # as of tied vectors, where masks stand in the input

    def by_mask(x: Any, *, key: Any = None, train: bool = False) -> Any:
        return jnp.broadcast_to(likely[None], (len(x["ids"]), *likely.shape))

    decoded = np.asarray(OBJECTIVE.answer(by_mask, tokens()))
    assert (decoded[..., GUESS] < END).all()
    np.testing.assert_allclose(decoded, np.asarray(OBJECTIVE.answer(by_place, tokens())), rtol=1e-5)
    own = OBJECTIVE.hidden(jnp.asarray(tokens()[:, :CONTEXT]), hashed_keys(0, WINDOWS))
    batch = {**own, "weight": jnp.ones(WINDOWS)}
    losses = [OBJECTIVE.losses(m, batch, key=make_key(0))["all"][0] for m in (by_mask, by_place)]
    assert float(losses[0]) == pytest.approx(float(losses[1]), rel=1e-5)
    assert not np.asarray(OBJECTIVE.decode(likely[None]))[..., END:].any()


def test_a_share_stays_between_nothing_and_all():
    decoded = np.array(OBJECTIVE.answer(by_place, tokens()))
    true = tokens()[:, :CONTEXT]
    slots = np.maximum(decoded[..., PLACE].astype(int), 0)
    own = np.take_along_axis(true, slots, 1)
    for right in (slice(0, 1), slice(1, None)):  # one window right, and all but one
        decoded[..., GUESS] = -1
        decoded[right, :, GUESS] = own[right]
        low, high = OBJECTIVE.intervals(decoded, true)["accuracy"]
        assert 0.0 <= low < high <= 1.0
