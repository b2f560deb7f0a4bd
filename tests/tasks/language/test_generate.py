"""Writing: chunks, windows, batches, stops, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina
from lamina.core.errors import ConfigError
from lamina.core.random import make_key
from lamina.modalities.text.encoder import TextEncoder
from lamina.modalities.text.letters import Characters
from lamina.network.network import Network, do
from lamina.tasks.language import generate as module
from lamina.tasks.language.generate import CHUNK, PIECES, GrowingTexts, Writer, _cut, _whole
from lamina.tasks.language.sampling import Sampling
from lamina.tasks.language.verbs import GenerateKeys


def written(network: Network, **keys: object) -> str:
    return "".join(do(network, "generate", **keys))


def writer(network: Network) -> Writer:
    return Writer(network.model, network.encoder.only, network.objective.context)


def naive(network: Network, prompt: str, tokens: int) -> str:
    """The likeliest token after all before it, computed without a cache, within one context."""
    encoder = network.encoder.only
    ids = encoder.tokens.encode([prompt]).ids.tolist()
    first = len(ids)
    for _ in range(tokens):
        row = np.full((1, network.objective.context), -1, np.int32)
        row[0, : len(ids)] = ids
        logits = np.array(forward(network.model, row))[0, len(ids) - 1]
        ids.append(int(logits[1:].argmax()) + 1)  # the first symbol is what training never saw
    assert encoder.tokens.symbols not in ids[first:]
    return encoder.tokens.decode(ids[first:])


@jax.jit
def forward(model: Any, ids: Any) -> Any:
    return model({"ids": ids, "scale": (ids >= 0).astype(jnp.float32)})


def test_with_a_cache_it_writes_what_it_writes_without(network: Network):
    assert written(network, prompt="The", tokens=6, temperature=0) == naive(network, "The", 6)


@pytest.mark.parametrize("tokens", [1, 15, CHUNK + 1, 3 * CHUNK])
def test_as_many_tokens_as_are_asked_for_beyond_the_context_too(network: Network, tokens: int):
    assert network.objective.context == 16
    found = written(network, prompt="The cat", tokens=tokens, temperature=1.0)
    assert len(found) == tokens


def test_pieces_are_the_text_and_the_seed_decides_it(network: Network):
    pieces = list(network.generate(prompt="The", tokens=70, seed=3))
    assert len(pieces) > 2 and "".join(pieces) == written(network, prompt="The", tokens=70, seed=3)
    assert "".join(pieces) != written(network, prompt="The", tokens=70, seed=4)
    assert written(network, prompt="The", tokens=20, seed=3) == "".join(pieces)[:20]


def test_each_window_draws_new_random_numbers(network: Network, monkeypatch: pytest.MonkeyPatch):
    places = []
    chunk = module._chunk

    def spied(*given: object) -> object:
        places.extend(range(int(given[4]), int(given[4]) + int(given[5])))
        return chunk(*given)

    monkeypatch.setattr(module, "_chunk", spied)
    written(network, prompt="The cat", tokens=60)
    assert len(places) > 60 and len(set(places)) == len(places)


def test_texts_of_a_batch_are_those_of_one_alone_where_nothing_is_drawn(network: Network):
    prompts = ["T", "The cat sat on", "The cat ran over the house and the tree"]
    keys = GenerateKeys(tokens=9, temperature=0.0)
    together = writer(network).write(prompts, keys)
    # the last prompt is longer than the context, of which the latter half is read
    assert together == [writer(network).write([prompt], keys)[0] for prompt in prompts]


def test_prompts_are_read_in_pieces_as_far_as_all_of_them_go(
    network: Network, monkeypatch: pytest.MonkeyPatch
):
    behind, read = module._behind, []

    def spied(model: Any, ids: Any, cache: Any) -> Any:
        read.append(ids.shape)
        return behind(model, ids, cache)

    monkeypatch.setattr(module, "_behind", spied)
    prompts = ["The cat sa", "The cat sat on"]  # 10 and 14 symbols: 9 before the last of the shorter one
    together = writer(network).write(prompts, GenerateKeys(tokens=2, temperature=0.0))
    assert read == [(2, PIECES[-1]), (2, PIECES[-1])]
    assert together == [naive(network, prompt, 2) for prompt in prompts]


def test_a_penalty_counts_what_was_read_at_once_too(network: Network):
    seen = []
    network_writer = writer(network)
    for prompt in ("The cat sat", "The"):
        keys = GenerateKeys(tokens=1, temperature=0.0, repetition_penalty=1e9)
        text = network_writer.write([prompt], keys)[0]
        seen.append(text not in prompt)
    assert all(seen)


def test_several_texts_from_one_prompt_begin_with_it_and_differ(network: Network):
    texts = written(network, prompt="The ", tokens=30, n=3, temperature=1.0).split("\n\nThe ")
    assert texts[0].startswith("The ")
    assert len(texts) == 3 and len(set(texts)) == 3


def test_prompts_of_a_list(network: Network):
    found = written(network, prompt=("A", "The"), tokens=3, temperature=0)
    assert found.startswith("A") and "\n\nThe" in found


def test_without_a_prompt_a_line_begins(network: Network):
    assert written(network, tokens=8, temperature=0) == naive(network, "\n", 8)


def test_or_a_text_where_training_saw_no_line_end(network: Network):
    tokens = Characters(("a", "b"), lowercase=False, verbatim=True)
    assert module._prompt_ids(TextEncoder("text", tokens, 8, ends=True), "") == [3]


def test_what_training_never_saw_is_passed_over(network: Network):
    known = written(network, prompt="The cat", tokens=12, temperature=0)
    assert written(network, prompt="The🙂 Ωcat", tokens=12, temperature=0) == known


def test_a_prompt_of_which_training_saw_nothing_is_refused(network: Network):
    with pytest.raises(ConfigError, match="no character that stands in the training text; got '🙂Ω'"):
        written(network, prompt="🙂Ω")


@pytest.mark.parametrize("stop", [" ", "t", ("zzz", "a"), "\n"])
def test_it_stops_before_the_first_of_the_stops(network: Network, stop: str | tuple[str, ...]):
    whole = written(network, prompt="The", tokens=80, temperature=1.0, seed=1)
    stops = (stop,) if isinstance(stop, str) else stop
    places = [whole.find(s) for s in stops if s in whole]
    assert places  # else nothing is tested
    assert (
        written(network, prompt="The", tokens=80, temperature=1.0, seed=1, stop=stop) == whole[: min(places)]
    )


def test_a_stop_that_lies_across_two_chunks(network: Network):
    whole = written(network, prompt="The", tokens=80, temperature=1.0, seed=1)
    ends = np.cumsum(
        [len(piece) for piece in network.generate(prompt="The", tokens=80, temperature=1.0, seed=1)]
    )
    place = int(ends[0])
    stop = whole[place - 3 : place + 3]
    assert whole.find(stop) == place - 3
    pieces = list(network.generate(prompt="The", tokens=80, temperature=1.0, seed=1, stop=stop))
    assert "".join(pieces) == whole[: place - 3]


def test_what_may_become_a_stop_and_half_a_character_are_held_back():
    assert _whole("one END", ("END.",)) == "one "
    assert _whole("one EN", ("END.", "x")) == "one "
    assert _whole("one\ufffd\ufffd", ()) == "one"
    assert _whole("one", ("",)) == "one"
    assert _cut("a.b,c", (",", ".")) == ("a", True)
    assert _cut("abc", ("x", "")) == ("abc", False)


def test_it_ends_where_the_network_says_so(network: Network, monkeypatch: pytest.MonkeyPatch):
    end, own = network.encoder.only.tokens.symbols, network.encoder.only.tokens
    first = own.encode(["ab"]).ids.tolist()

    def grown(self: object, rows: list[list[int]], tokens: int) -> object:
        yield [[*rows[0], *first]]
        yield [[*rows[0], *first, end, *first]]
        raise AssertionError("nothing is written behind the end")

    monkeypatch.setattr(GrowingTexts, "extended", grown)
    assert list(network.generate(prompt="The")) == ["ab", ""]


def test_a_context_of_one_token(network: Network):
    own = Writer(network.model, network.encoder.only, 1)
    assert len(own.write(["The"], GenerateKeys(tokens=4, temperature=0.0))[0]) == 4


def test_a_model_that_keeps_no_state_is_refused(network: Network):
    with pytest.raises(ConfigError, match="keeps no state between tokens, so it cannot write"):
        Writer(object(), network.encoder.only, 4)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"temperature": -1}, "temperature is out of range"),
        ({"top_p": 0}, "top_p is out of range"),
        ({"n": 0}, "n is out of range"),
        ({"tokens": 0}, "tokens is out of range"),
        ({"topk": 3}, "unknown key 'topk' .did you mean 'top_k'"),
    ],
)
def test_keys_out_of_range_are_refused(network: Network, keys: dict[str, object], words: str):
    with pytest.raises(ConfigError, match=words):
        network.generate(**keys)


def test_verbs_are_methods_of_the_network(network: Network):
    assert "".join(network.chat(prompt="The", tokens=80, temperature=1.0, stop=())) == written(
        network, prompt="The", tokens=80, temperature=1.0
    )
    with pytest.raises(ConfigError, match=r"no verb 'generat' .did you mean 'generate'"):
        do(network, "generat")
    with pytest.raises(AttributeError, match="has no attribute 'wirte'"):
        network.wirte  # noqa: B018


def test_texts_of_keys_stay_as_they_are(network: Network):
    made = network.task.verbs["generate"].made({"stop": " a, b\n", "prompt": "x, y ", "tokens": "7"})
    assert made == GenerateKeys(stop=(" a, b\n",), prompt="x, y ", tokens=7)
    assert network.task.verbs["chat"].made({}).stop == ("\n",)
    assert network.task.verbs["generate"].made({"stop": ["\n", " ,"]}).stop == ("\n", " ,")


def test_a_saved_network_writes_the_same(network: Network, tmp_path: Path):
    network.save(tmp_path / "saved")
    again = lamina.load(tmp_path / "saved")
    assert written(again, prompt="The", tokens=30) == written(network, prompt="The", tokens=30)


def test_the_run_is_a_function_of_key_and_prompt(network: Network):
    sampling, numbers = Sampling.of(GenerateKeys())
    runs = [GrowingTexts(network.model, 16, sampling, numbers, make_key(0)) for _ in range(2)]
    first, second = ([*run.extended([[1, 2]], 5)][-1] for run in runs)
    assert first == second
