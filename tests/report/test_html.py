"""The page: stands alone, says what it should, and survives whatever is put into it."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lamina.report import ReportContent, render

VOID = {"meta", "link", "br", "img", "input", "path", "use", "rect", "hr"}
CONTENTS = ["binary", "multiclass", "many_classes", "thousand_classes", "regression", "multilabel", "empty"]
HOSTILE = '<script>alert("x")</script>\'& $x_{$ \x00 \ud800 \u202e {0} %s \\ 日本語 😀'


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails on tags that do not close in order."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data


@pytest.fixture(params=CONTENTS)
def content(request: pytest.FixtureRequest) -> ReportContent:
    return request.getfixturevalue(request.param)


def test_the_page_stands_alone(content: ReportContent):
    text = render(content)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "action"}}
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")
    assert not re.search(r"https?://|url\((?!#)|@import", text)
    assert "default-src 'none'" in text


def test_the_same_content_gives_the_same_page(multiclass: ReportContent):
    assert render(multiclass) == render(multiclass)


def test_ids_are_given_once_and_references_lead_somewhere(regression: ReportContent):
    page = Page(render(regression))
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    used = {value[1:] for name, value in page.attributes if name == "href"}
    used |= {value[5:-1] for name, value in page.attributes if name == "clip-path"}
    assert used and used <= set(ids)


def test_it_follows_the_reader_into_the_dark_and_onto_paper(binary: ReportContent):
    text = render(binary)
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    drawings = text[text.index("<svg") :]
    assert "var(--ink, #1c2128)" in drawings
    assert not re.search(r"(fill|stroke): #(?!000000|ffffff)", drawings)


def test_what_a_reader_looks_for(binary: ReportContent):
    words = Page(render(binary)).words
    for said in [
        "On 200 rows of the test set, the network names the right class for",
        "Always answering “class number 0”, the most common class, would be right for 50.0%",
        "95% interval (test)",
        "Confusion matrix",
        "Calibration",
        "How far AUC falls when a column is shuffled",
        "looks like an id",
        "1,000 rows in all",
        "row_idan identifier",
        "2 columns used as input, 1 left out.",
        "66,440",
        "1 min 15 s, of which 3.1 s compilation",
        "3, weights of epoch 2 kept",
        "lamina fit adult.csv --target income",
        "early_stoppingtrue",
        "jax 0.10.2",
        "All rows come from one source.",
    ]:
        assert said in words, said


def test_regression_words(regression: ReportContent):
    words = Page(render(regression)).words
    assert re.search(r"predictions are off by 0\.\d+ USD on average and explain 98\.\d+%", words)
    assert re.search(r"Always answering the median would be off by [789]\.\d+ USD", words)
    assert re.search(r"meant to hold 90%, hold \d\d\.\d% of 1,200 rows", words)
    assert "How far RMSE rises when a column is shuffled" in words
    assert "recall" not in words


def test_multilabel_lists_its_labels(multilabel: ReportContent):
    words = Page(render(multilabel)).words
    assert "gets every label right for" in words
    rows, recall = int(multilabel.targets[:, 1].sum()), r"0\.\d{3}"
    assert re.search(rf"cold{rows}{recall}{recall}{recall}", words)


def test_without_a_test_set_it_says_that_validation_flatters(binary: ReportContent):
    words = Page(render(dataclasses.replace(binary, metrics_test=None))).words
    assert "held out for validation" in words and "slightly flattering" in words
    assert "slightly flattering" not in Page(render(binary)).words


def test_a_network_no_better_than_the_simple_answer_is_called_that(binary: ReportContent, regression):
    lazy = dataclasses.replace(
        binary,
        targets=np.repeat([0, 1], [190, 10]),
        predictions=np.zeros(200, int),
        metrics_test={"accuracy": 0.95},
        intervals={"accuracy": (0.91, 0.97)},
    )
    assert "not clearly better than that simple answer" in Page(render(lazy)).words
    poor = dataclasses.replace(regression, metrics_test={"mae": 8.1}, intervals={"mae": (7.9, 8.3)})
    assert "do not rely on it yet" in Page(render(poor)).words
    for good in (binary, regression):
        assert "not clearly better" not in Page(render(good)).words


def test_many_classes_show_the_weakest_and_the_worst_confusions(many_classes: ReportContent):
    words = Page(render(many_classes)).words
    assert "Most frequent confusions" in words and "The 16 weakest of 77 classes." in words
    assert "77 classes have fewer than 20 test rows" in words


def test_nothing_gets_out_of_the_text(binary: ReportContent):
    bad = {HOSTILE: HOSTILE}
    hostile = ReportContent(
        title=HOSTILE,
        task="binary",
        model_name=HOSTILE,
        model_reason=HOSTILE,
        device=HOSTILE,
        history=binary.history,
        metric_name=HOSTILE,
        best_epoch=2,
        metrics_valid={HOSTILE: 0.5},
        intervals={HOSTILE: (0.4, 0.6)},
        labels=[HOSTILE, "x" * 5000],
        targets=binary.targets,
        predictions=binary.predictions,
        probabilities=binary.probabilities,
        importance=[(HOSTILE, 0.1, 0.01), ("x" * 5000, 0.1, np.nan)],
        importance_score=HOSTILE,
        findings=[dict.fromkeys(["level", "code", "message", "where", "fix"], HOSTILE)],
        rows={HOSTILE: 3},
        columns=[{"name": HOSTILE, "kind": kind, "note": HOSTILE} for kind in ("dropped", "target", HOSTILE)],
        trials=[bad, {HOSTILE: 0.1, "chosen": True}],
        config=bad,
        command=HOSTILE,
        versions=bad,
        unit=HOSTILE,
        limits=[HOSTILE],
    )
    text = render(hostile)
    page = Page(text)
    assert "script" not in page.tags
    assert page.words.count("<script>alert") > 15
    text.encode("utf-8")
    assert not set(text) & {"\x00", "\u202e"}
    for regression_field in ("labels", "unit"):
        values = dataclasses.replace(hostile, task="regression", probabilities=None)
        assert "script" not in Page(render(values)).tags, regression_field


@pytest.mark.parametrize(
    "changes",
    [
        {"history": {"epoch": [], "train_loss": [], "valid_loss": []}, "best_epoch": None},
        {"history": {"epoch": [1], "train_loss": [0.5], "valid_metric": [0.5]}, "best_epoch": 1},
        {"history": {"epoch": [1, 2], "train_loss": [np.nan, np.inf], "valid_loss": [None, 0.3]}},
        {"metrics_test": dict.fromkeys(["accuracy", "auc"], np.nan), "intervals": {"auc": (np.nan, np.nan)}},
        {"targets": np.array([1]), "predictions": np.array([0]), "probabilities": np.array([[0.6, 0.4]])},
        {"targets": np.zeros(9, int), "predictions": np.zeros(9, int), "probabilities": np.ones((9, 2))},
        {"targets": np.zeros(0, int), "predictions": np.zeros(0, int), "probabilities": np.zeros((0, 2))},
        {"probabilities": np.full((200, 2), np.nan)},
        {"probabilities": np.linspace(0, 1, 200)},
        {"labels": []},
        {"importance": [("a", np.nan, np.nan)]},
        {"findings": [], "rows": {}, "columns": [], "trials": [], "config": {}, "versions": {}},
        {"metrics_valid": {}, "metrics_test": None},
        {"trials": [{"a": 1}, {"b": 1e-9}, {"b": None}, {"c": [1, 2.5]}] * 30},
    ],
)
def test_odd_contents_do_not_break_it(binary: ReportContent, changes: dict):
    words = Page(render(dataclasses.replace(binary, **changes))).words
    assert not re.search(r"\b(nan|inf|None)\b", words)


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": np.array([1.0]), "predictions": np.array([2.0]), "bounds": None},
        {"targets": np.ones(30), "predictions": np.ones(30), "bounds": (np.ones(30), np.ones(30))},
        {"predictions": np.full(1200, np.nan), "metrics_test": {"mae": np.nan, "r2": np.nan}},
        {"predictions": np.where(np.arange(1200) == 3, np.inf, 1e30)},
        {"targets": np.eye(60)[:, :6] * 1e7, "predictions": np.eye(60)[:, :6], "labels": list("abcdef")},
        {"unit": "100,000 USD", "bounds": (np.zeros(3), np.ones(3))},
    ],
)
def test_odd_numbers_do_not_break_it(regression: ReportContent, changes: dict):
    words = Page(render(dataclasses.replace(regression, **changes))).words
    assert not re.search(r"\b(nan|inf|None)\b", words)
    if "unit" in changes:
        assert "× 100,000 USD on average" in words


def test_columns_alike_take_one_line(binary: ReportContent):
    pixels = [{"name": f"pixel_{i}", "kind": "numeric", "note": ""} for i in range(784)]
    words = Page(render(dataclasses.replace(binary, columns=pixels))).words
    assert "pixel_0 … pixel_783 (784 columns)" in words and "pixel_5" not in words
    mixed = [{"name": f"c{i}", "kind": ("numeric", "category")[i % 2], "note": ""} for i in range(200)]
    assert "and 140 more" in Page(render(dataclasses.replace(binary, columns=mixed))).words


def test_trials_align_and_the_kept_one_is_marked(binary: ReportContent):
    text = render(binary)
    assert re.search(r'<td class="number">0.80</td><td></td>', text)
    assert re.search(r'<td class="number">0.91</td><td><span class="level kept">', text)


def test_report_content_and_importance_bring_no_matplotlib():
    script = (
        "import sys; from lamina.report import ReportContent, permutation_importance; "
        "print([m for m in ('matplotlib', 'jax', 'polars') if m in sys.modules])"
    )
    source = Path(__file__).parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_an_unknown_name_is_an_attribute_error():
    import lamina.report

    with pytest.raises(AttributeError, match="no attribute 'rendr'"):
        lamina.report.rendr  # noqa: B018
