"""Language models by the command line: fit, evaluate, check, resume, generate, chat, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from pytest import CaptureFixture, MonkeyPatch
from tests.tasks.language.writers import text_of, write_text

import lamina
from lamina.cli.main import main
from lamina.tasks.base import AbstractTask
from lamina.tasks.registry import TASKS
from lamina.tasks.verbs import VERBS, verbs_named

QUICK = ["--model", "gpt", "size=8", "depth=1", "context=16", "epochs=12", "lr=0.02", "preset=fast"]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text(tmp_path_factory.mktemp("data") / "t.txt")


@pytest.fixture(scope="module")
def written(text: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A whole run with its report, and what it said."""
    out = tmp_path_factory.mktemp("runs") / "t"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", said := io.StringIO())
        assert main(["fit", str(text), "--out", str(out), *QUICK]) == 0
    return out, said.getvalue()


def test_every_verb_of_a_task_is_listed_and_every_listed_one_is_there():
    tasks = {name: TASKS[name] for name in TASKS if isinstance(TASKS[name], AbstractTask)}
    found = {verb: {n for n, task in tasks.items() if verb in task.verbs} for verb in VERBS}
    assert found == {verb: set(names) for verb, (_, names) in VERBS.items()}
    assert {verb for task in tasks.values() for verb in task.verbs} == set(VERBS)
    assert all(len(verbs_named(verb)) == len(names) for verb, (_, names) in VERBS.items())


def test_the_lines_of_a_run(written: tuple[Path, str], text: Path):
    run, said = written
    assert f"data      {text}: " in said and "passages, 1 column used (1 text)" in said
    assert "task      language (task guessed)" in said
    assert "passages train, " in said and "validate (the ends of the text)" in said
    assert "valid (" in said and " windows)" in said
    assert f"next      lamina generate {run} --prompt 'Once'" in said


def test_the_report_shows_samples_and_calibration(written: tuple[Path, str]):
    page = (written[0] / "report.html").read_text()
    assert "What it writes" in page and "Written without a prompt." in page
    assert "bits for each byte (8 without knowing anything)" in page and "Temperature 0.8" in page
    assert "How good it is" in page and "the likeliest token" in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_generate(written: tuple[Path, str], capsys: CaptureFixture[str]):
    run = str(written[0])
    assert main(["generate", run, "--prompt", "The cat", "--tokens", "40"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "".join(lamina.load(run).generate(prompt="The cat", tokens=40)) + "\n"
    assert shown.err == ""


def test_generate_as_json_with_stops_that_hold_commas_and_blanks(
    written: tuple[Path, str], capsys: CaptureFixture[str]
):
    run = str(written[0])
    words = ["generate", run, "--prompt", "The", "--tokens", "60", "--stop", "\n", "--stop", ", x", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"run", "text"} and found["run"] == run
    expected = "".join(lamina.load(run).generate(prompt="The", tokens=60, stop=("\n", ", x")))
    assert found["text"] == expected and "\n" not in expected


def test_the_prompt_of_standard_input(
    written: tuple[Path, str], capsys: CaptureFixture[str], monkeypatch: MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO("The dog, "))
    assert main(["generate", str(written[0]), "--prompt", "-", "--tokens", "5"]) == 0
    found = capsys.readouterr().out
    assert main(["generate", str(written[0]), "--prompt", "The dog, ", "--tokens", "5"]) == 0
    assert capsys.readouterr().out == found


def test_chat_answers_each_line_knowing_those_before(
    written: tuple[Path, str], capsys: CaptureFixture[str], monkeypatch: MonkeyPatch
):
    network = lamina.load(written[0])
    monkeypatch.setattr("sys.stdin", io.StringIO("The cat\na dog"))
    options = ["--tokens", "20", "--temperature", "0", "--prompt", "Red.\n"]
    assert main(["chat", str(written[0]), *options]) == 0
    first = "".join(network.chat(prompt="Red.\nThe cat\n", tokens=20, temperature=0))
    second = "".join(network.chat(prompt=f"Red.\nThe cat\n{first}\na dog\n", tokens=20, temperature=0))
    assert capsys.readouterr().out == f"{first}\n{second}\n"
    with pytest.raises(Exception, match="unknown key 'n'"):
        network.chat(n=2)


@pytest.mark.parametrize("verb", VERBS)
def test_help_lists_the_keys(verb: str, capsys: CaptureFixture[str]):
    assert main([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    own = {
        "fill": ("--prompt", "--n"),
        "embed": ("DATA", "--out"),
        "sample": ("--n", "--label", "--out"),
        "enhance": ("--turns", "--out"),
        "score": ("DATA", "--contamination"),
        "reconstruct": ("DATA", "--out"),
        "suggest": ("DATA", "--node", "--n", "--out"),
        "complete": ("--head", "--relation", "--tail", "--n"),
        "forecast": ("DATA", "--out"),
        "backtest": ("DATA", "--last", "--out"),
    }.get(verb, ("--temperature", "--top-p"))
    assert f"usage: lamina {verb}" in shown and all(word in shown for word in own)
    assert main(["--help"]) == 0
    assert f"  {verb:<10} {VERBS[verb][0]}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--temperature", "hot"], "temperature cannot be read"),
        (["--top-p", "2"], "top_p is out of range"),
        (["--prompt", "🙂"], "no character that stands in the training text"),
        (["--topp", "1"], "--topp"),
    ],
)
def test_what_is_wrong_is_said(
    written: tuple[Path, str], words: list[str], said: str, capsys: CaptureFixture[str]
):
    assert main(["generate", str(written[0]), *words]) == 2
    shown = capsys.readouterr()
    assert said in shown.err and shown.out == ""


@pytest.mark.usefixtures("no_report")
def test_a_network_of_another_task_does_not_write(run: Path, capsys: CaptureFixture[str]):
    assert main(["generate", str(run), "--prompt", "a"]) == 2
    shown = capsys.readouterr().err
    assert (
        "a network of the task multiclass does not generate" in shown and "lamina predict RUN DATA" in shown
    )
    assert main(["genrate", str(run)]) == 2
    assert "unknown command 'genrate' (did you mean 'generate'?)" in capsys.readouterr().err


def test_predict_is_refused_before_anything_is_read(written: tuple[Path, str], capsys: CaptureFixture[str]):
    for words in (["absent.txt"], ["absent.txt", "--proba"], ["absent.txt", "--out", "a.csv"]):
        assert main(["predict", str(written[0]), *words]) == 2
        shown = capsys.readouterr()
        assert "a network of the task language has no prediction for a row" in shown.err
        assert "fix: lamina generate RUN --prompt 'Once' or lamina chat RUN" in shown.err
        assert shown.out == "" and not Path("a.csv").exists()


def test_evaluate(written: tuple[Path, str], tmp_path: Path, capsys: CaptureFixture[str]):
    other = write_text(tmp_path / "other.txt", lines=12, seed=3)
    assert main(["evaluate", str(written[0]), str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"] == lamina.load(written[0]).evaluate(str(other))
    assert set(found["intervals"]) == set(found["metrics"]) and found["rows"] == 1
    assert main(["evaluate", str(written[0]), str(other)]) == 0
    assert " windows)" in capsys.readouterr().out


def test_check(text: Path, tmp_path: Path, capsys: CaptureFixture[str]):
    other = write_text(tmp_path / "other.txt", lines=3)
    assert main(["check", str(text), "--test", str(other)]) == 0
    shown = capsys.readouterr().out
    assert "task: language\ninputs: 1 text" in shown
    (tmp_path / "short.txt").write_text("too short")
    assert main(["check", str(tmp_path / "short.txt")]) == 2
    assert "9 characters are too few to learn from" in capsys.readouterr().out


def test_a_folder_without_classes_needs_the_task(tmp_path: Path, capsys: CaptureFixture[str]):
    (tmp_path / "texts").mkdir()
    for number in range(3):
        (tmp_path / "texts" / f"{number}.txt").write_text(text_of(lines=4, seed=number))
    assert main(["fit", "texts"]) == 2
    shown = capsys.readouterr().err
    assert "the examples have no labels" in shown and "learn without labels: --task language" in shown
    assert main(["check", "texts", "--task", "language"]) == 0
    assert "task: language" in capsys.readouterr().out


def test_describe(written: tuple[Path, str], capsys: CaptureFixture[str]):
    assert main(["describe", str(written[0])]) == 0
    shown = capsys.readouterr().out
    assert "language" in shown and "gpt" in shown
