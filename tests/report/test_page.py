"""The page: stands alone, says what it should, and survives whatever is put into it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.report.pages import FACTS, Page, facts
from tests.report.plots import PLOTS
from tests.tasks.prediction.outcomes import HOSTILE

from lamina.core.page import (
    Bullets,
    Cell,
    Facts,
    Paragraph,
    Plot,
    Remark,
    Remarks,
    Section,
    Shares,
    Table,
    Tile,
    Tiles,
)
from lamina.report import complete, page
from lamina.report.arrange import arrange, is_empty
from lamina.report.blocks import BLOCKS
from lamina.report.markup import text
from lamina.report.wording import any_value

WHOLE = page("income from adult.csv", "A network.", complete(FACTS, []), version="0.1.0")


def of(**changes: object) -> str:
    """The words of a page of a run."""
    return Page(page("", "", complete(facts(**changes), []))).words


def test_the_page_stands_alone():
    assert Page(WHOLE).stands_alone()
    assert Page(page("", "", [Section("Plots", tuple(PLOTS.values()))])).stands_alone()


def test_the_same_sections_give_the_same_page():
    assert page("income from adult.csv", "A network.", complete(FACTS, []), version="0.1.0") == WHOLE


def test_ids_are_given_once_and_references_lead_somewhere():
    found = Page(page("", "", [Section("Plots", tuple(PLOTS.values()))]))
    ids = found.values("id")
    assert len(ids) == len(set(ids))
    used = {value[1:] for value in found.values("href") if value.startswith("#")}
    used |= {value[5:-1] for value in found.values("clip-path")}
    assert used and used <= set(ids)


def test_a_screen_reader_hears_every_plot():
    labels = Page(page("", "", [Section("Plots", tuple(PLOTS.values()))])).values("aria-label")
    assert labels == [f"{plot.title}. {plot.alt}" for plot in PLOTS.values()]
    assert Page(WHOLE).values("aria-label")[0].startswith("Learning curves. Loss by epoch, at the end: ")


def test_it_follows_the_reader_into_the_dark_and_onto_paper():
    assert "prefers-color-scheme: dark" in WHOLE and "@media print" in WHOLE
    drawings = WHOLE[WHOLE.index("<svg") :]
    assert "var(--ink, #1c2128)" in drawings
    assert not re.search(r"(fill|stroke): #(?!000000|ffffff)", drawings)


def test_what_a_reader_looks_for():
    words = Page(WHOLE).words
    for said in [
        "Measured on200test rows",
        "66.4 k",
        "All rows come from one source.",
        "1,000 rows in all",
        "600 training 60.0%",
        "looks like an id",
        "row_idan identifier",
        "2 columns used as input, 1 left out.",
        "66,440",
        "1 min 15 s, of which 3.1 s compilation",
        "3, weights of epoch 2 kept",
        "lamina fit adult.csv --target income",
        "early_stoppingtrue",
        "jax 0.10.2",
        "Made by Lamina 0.1.0.",
    ]:
        assert said in words, said


def test_without_a_test_set_it_says_that_validation_flatters():
    said = of(evaluated="validation", evaluated_rows=100)
    assert "slightly flattering" in said and "Only 100 rows could be measured on" in said
    assert "slightly flattering" not in of() and "could be measured on" not in of()


def test_rows_are_called_what_they_are():
    said = of(evaluated="validation", evaluated_rows=100, noun="edge", evaluated_noun="question")
    for words in (
        "1,000 edges in all",
        "100validation questions",
        "Only 100 questions could be measured on",
        "All edges come from one source. For edges from",
        "The validation edges also chose",
    ):
        assert words in said, words


@pytest.mark.parametrize(
    "changes",
    [
        {"history": {"epoch": [], "train_loss": [], "valid_loss": []}, "best_epoch": None, "watched": None},
        {"history": {"epoch": [1], "train_loss": [0.5]}, "watched": ("AUC", [0.5]), "best_epoch": 1},
        {"history": {"epoch": [1, 2], "train_loss": [float("nan"), float("inf")], "valid_loss": [None, 0.3]}},
        {"findings": [], "rows": {}, "columns": [], "trials": [], "config": {}, "versions": {}},
        {"trials": [{"a": 1}, {"b": 1e-9}, {"b": None}, {"c": [1, 2.5]}] * 30},
        {"history": {}, "watched": None, "evaluated_rows": 0},
    ],
)
def test_odd_facts_do_not_break_it(changes: dict):
    assert not re.search(r"\b(nan|inf|None)\b", of(**changes))


def test_nothing_gets_out_of_the_text():
    bad = {HOSTILE: HOSTILE}
    given = facts(
        model=HOSTILE,
        reason=HOSTILE,
        device=HOSTILE,
        watched=(HOSTILE, [0.7, 0.9, 0.85]),
        findings=[dict.fromkeys(["level", "code", "message", "where", "fix"], HOSTILE)],
        rows={HOSTILE: 3},
        columns=[{"name": HOSTILE, "kind": kind, "note": HOSTILE} for kind in ("dropped", "target", HOSTILE)],
        trials=[bad, {HOSTILE: 0.1, "chosen": True}],
        config=bad,
        command=HOSTILE,
        versions=bad,
    )
    more = Section(
        HOSTILE, (Paragraph(HOSTILE, HOSTILE), Bullets((HOSTILE,)), Tiles((Tile(*[HOSTILE] * 3),)))
    )
    table = Table((HOSTILE,), ((Cell(HOSTILE, HOSTILE, HOSTILE),),), kind=HOSTILE, note=HOSTILE)
    shown = page(HOSTILE, HOSTILE, complete(given, [more, Section("b", (table,))]), version=HOSTILE)
    found = Page(shown)
    assert "script" not in found.tags and found.words.count("<script>alert") > 25
    shown.encode("utf-8")
    assert not set(shown) & {"\x00", "\u202e"}


def test_columns_alike_take_one_line():
    words = of(columns=[{"name": f"pixel_{i}", "kind": "numeric", "note": ""} for i in range(784)])
    assert "pixel_0 … pixel_783 (784 columns)" in words and "pixel_5" not in words
    mixed = [{"name": f"c{i}", "kind": ("numeric", "category")[i % 2], "note": ""} for i in range(200)]
    assert "and 140 more" in of(columns=mixed)


def test_trials_align_and_the_kept_one_is_marked():
    assert re.search(r'<td class="number">0.80</td><td></td>', WHOLE)
    assert re.search(r'<td class="number">0.91</td><td><span class="level kept">', WHOLE)


def test_sections_of_one_title_become_one_in_the_order_of_the_page():
    a, b = Bullets(("a",)), Bullets(("b",))
    tiles = [Section("In short", (Tiles((Tile(name, "1"),)),)) for name in "xy"]
    found = arrange([Section("Limits", (a,)), Section("Own", (a,)), *tiles, Section("Limits", (b,))])
    assert [section.title for section in found] == ["In short", "Own", "Limits"]
    assert [tile.name for tile in found[0].blocks[0].tiles] == ["x", "y"]
    assert found[2].blocks == (Bullets(("a", "b")),)
    assert arrange(found) == found


def test_plots_of_one_name_are_numbered():
    plot = PLOTS["line"]
    (section,) = arrange([Section("Own", (plot, plot)), Section("Own", (plot,))])
    assert [block.name for block in section.blocks] == ["line", "line_2", "line_3"]


def test_empty_blocks_are_left_out():
    empty = (
        Paragraph(""),
        Bullets(()),
        Table(("a",), ()),
        Tiles(()),
        Facts((("a", ""),)),
        Remarks(()),
        Shares(()),
        Plot("a", "A", ()),
    )
    assert all(map(is_empty, empty)) and arrange([Section("Own", empty)]) == []


@pytest.mark.parametrize(
    ("block", "html"),
    [
        (Paragraph("a & b", "note"), '<p class="note">a &amp; b</p>'),
        (Paragraph("a", "heading"), "<h3>a</h3>"),
        (Paragraph("a", "code"), "<pre><code>a</code></pre>"),
        (Bullets(("a",)), "<ul>\n<li>a</li>\n</ul>"),
        (Facts((("a", "1"), ("b", "")), "settings"), "<div><dt>a</dt><dd>1</dd></div>"),
        (Remarks((Remark("note", "m", "w", "f"),)), '<span class="note">Fix: f</span>'),
        (Shares((("train", 3), ("valid", 1))), "<b>3</b> train <span>75.0%</span>"),
        (Table(("a", "b"), (("x", "1"),), numeric=(1,)), '<td>x</td><td class="number">1</td>'),
        (Table(("<b>",), ((Cell("x", "n"),),), note="said"), 'x<span class="note">n</span>'),
    ],
)
def test_blocks(block, html: str):
    assert html in BLOCKS[type(block)](block)


def test_any_value():
    assert any_value([1, 2.0, None]) == "1, 2, –" and any_value(()) == "–"
    assert any_value(float("inf")) == "∞" and any_value("a\nb") == "a b"
    assert text("\"'<&") == "&quot;&#x27;&lt;&amp;"


def test_sections_bring_no_matplotlib():
    script = (
        "import sys; import lamina.core.page, lamina.modalities.base; "
        "from lamina.report import RunFacts, arrange; "
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
