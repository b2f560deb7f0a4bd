"""Filling gaps: what may stand there, how likely, in what order, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from pytest import CaptureFixture, MonkeyPatch

from lamina.cli.main import main
from lamina.core.errors import ConfigError
from lamina.network.network import Network
from lamina.tasks.masked_language.fill import Filling, candidates
from lamina.tasks.masked_language.verbs import VERBS


def test_the_likeliest_come_first_and_stand_in_the_text(network: Network):
    found = network.fill("The cat [MASK] the mat.", n=4)
    assert len(found) == 4 and len({filling.tokens for filling in found}) == 4
    for filling in found:
        (token,) = filling.tokens
        assert token.startswith(" ") and filling.text == f"The cat{token} the mat."
    shares = [filling.probability for filling in found]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1


def test_all_that_may_stand_there_sum_to_one(network: Network):
    tokens = network.encoder.only.tokens
    words, inside = candidates(tokens, begins_word=True), candidates(tokens, begins_word=False)
    assert not (words & inside).any() and not words[0] and not inside[0]
    found = network.fill("The [MASK] ran", n=1000)
    assert len(found) == words.sum() and sum(f.probability for f in found) == pytest.approx(1.0)


def test_without_a_blank_a_word_goes_on(network: Network):
    assert not any(filling.tokens[0].startswith(" ") for filling in network.fill("The c[MASK]", n=9))
    assert network.fill("[MASK]he cat", n=1)[0].text.endswith("he cat")


def test_several_gaps_are_filled_one_after_another(network: Network):
    found = network.fill("The [MASK] ran [MASK] the mat.", n=3)
    assert len(found) == 3 and all(len(filling.tokens) == 2 for filling in found)
    best = found[0]
    first = {f.tokens[0]: f.probability for f in network.fill("The [MASK] ran [MASK] the mat.", n=100)}
    assert best.tokens[0] in first
    alone = network.fill(f"The{best.tokens[0]} ran [MASK] the mat.", n=200)
    second = next(f.probability for f in alone if f.tokens[0] == best.tokens[1])
    assert best.probability <= second + 1e-6


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("The cat", r"there is no \[MASK\] in the text; got 'The cat'"),
        ("", r"there is no \[MASK\] in the text"),
        (
            "a b c d e f g h i j k l m n o p q [MASK]",
            "longer than the network reads at once; expected 16 tokens",
        ),
    ],
)
def test_what_cannot_be_filled_is_refused(network: Network, prompt: str, message: str):
    with pytest.raises(ConfigError, match=message):
        network.fill(prompt)


def test_one_thing_is_asked(network: Network):
    with pytest.raises(ConfigError, match="fill is asked one thing"):
        network.fill("a [MASK]", prompt="b [MASK]")
    with pytest.raises(ConfigError, match="n is out of range"):
        network.fill("a [MASK]", n=0)


def test_by_the_command_line(
    run: Path, network: Network, capsys: CaptureFixture[str], monkeypatch: MonkeyPatch
):
    prompt = "The [MASK] ran"
    assert main(["fill", str(run), "--prompt", prompt, "--n", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = network.fill(prompt, n=2)
    assert [own["text"] for own in told["fillings"]] == [filling.text for filling in found]
    np.testing.assert_allclose(
        [own["probability"] for own in told["fillings"]], [f.probability for f in found]
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(prompt + "\n"))
    assert main(["fill", str(run), "--prompt", "-", "--n", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[-1] for line in lines] == [filling.text for filling in found]
    assert all("%" in line for line in lines)


def test_a_filling_is_one_line_though_its_text_has_several(run: Path, capsys: CaptureFixture[str]):
    assert main(["fill", str(run), "--prompt", "The\n[MASK] ran", "--n", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and all("%" in line and "The\u23ce" in line for line in lines)
    own = Filling("a\nb", (" .\n", "\n", " "), 0.5)
    assert "".join(VERBS["fill"].shown([own])) == " 50.00%  .\u23ce | \u23ce | ' '  a\u23ceb"


def test_wrong_words_are_refused(run: Path, capsys: CaptureFixture[str]):
    for words, said in [
        (["fill", str(run)], "there is no [MASK]"),
        (["fill", str(run), "--n", "many"], "n cannot be read; expected a whole number"),
        (["fill", str(run), "--top-p", "1"], "unknown option --top-p"),
        (["generate", str(run)], "a network of the task masked_language does not generate"),
        (
            ["predict", str(run), "a.txt"],
            "lamina fill RUN --prompt 'To be or [MASK] to be' or lamina embed RUN",
        ),
    ]:
        assert main(words) == 2
        shown = capsys.readouterr()
        assert said in shown.err and shown.out == ""
