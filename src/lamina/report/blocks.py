"""Blocks of a report as HTML, one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from lamina.core.page import (
    Block,
    Bullets,
    Cell,
    Facts,
    Marked,
    Paragraph,
    Plot,
    Remark,
    Remarks,
    Section,
    Shares,
    Table,
    Tiles,
)
from lamina.core.wording import count
from lamina.report.figures import drawing
from lamina.report.markup import element, figure, text


def section(given: Section, figures: Mapping[str, Figure]) -> str:
    """Return a titled section of the page.

    Args:
        given: what it says; see `lamina.report.arrange`.
        figures: the drawings of its plots by name.
    """
    anchor = given.title.lower().replace(" ", "-")
    body = "\n".join(
        plot(block, figures) if isinstance(block, Plot) else BLOCKS[type(block)](block)
        for block in given.blocks
    )
    return f'<section id="{text(anchor)}">\n<h2>{text(given.title)}</h2>\n{body}\n</section>'


def paragraph(block: Paragraph) -> str:
    """Return a paragraph, a heading or something to type.

    Args:
        block: what it says.
    """
    if block.kind == "heading":
        return element("h3", text(block.text))
    if block.kind == "code":
        return element("pre", element("code", text(block.text)))
    return element("p", text(block.text), block.kind)


def bullets(block: Bullets) -> str:
    """Return a list of sentences.

    Args:
        block: the sentences.
    """
    items = "\n".join(element("li", text(sentence)) for sentence in block.sentences)
    return element("ul", f"\n{items}\n")


def tiles(block: Tiles) -> str:
    """Return key figures side by side.

    Args:
        block: the figures.
    """
    shown = []
    for tile in block.tiles:
        parts = (("name", tile.name), ("value", tile.value), ("note", tile.note))
        shown.append(element("div", "".join(element("span", text(t), k) for k, t in parts), "tile"))
    return element("div", "\n" + "\n".join(shown) + "\n", "tiles")


def table(block: Table) -> str:
    """Return a table with its note.

    Args:
        block: heads and rows.
    """

    def cell(tag: str, place: int, inner: str) -> str:
        return element(tag, inner, "number" if place in block.numeric else "")

    head = "".join(cell("th", i, text(name)) for i, name in enumerate(block.heads))
    body = "\n".join(
        element("tr", "".join(cell("td", i, _cell(c)) for i, c in enumerate(row))) for row in block.rows
    )
    inner = f"\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>"
    shown = element("div", element("table", inner, block.kind), "wide")
    return shown + (element("p", text(block.note), "note") if block.note else "")


def _cell(cell: str | Cell) -> str:
    if not isinstance(cell, Cell):
        return text(cell)
    shown = element("span", text(cell.text), f"level {cell.kind}") if cell.kind else text(cell.text)
    return shown + (element("span", text(cell.note), "note") if cell.note else "")


def facts(block: Facts) -> str:
    """Return names and values side by side.

    Args:
        block: the pairs.
    """
    items = "\n".join(
        element("div", element("dt", text(name)) + element("dd", text(value)))
        for name, value in block.pairs
        if value
    )
    return element("dl", f"\n{items}\n", f"facts {block.kind}".strip())


def remarks(block: Remarks) -> str:
    """Return what was noticed, one below the other.

    Args:
        block: the remarks.
    """
    items = "\n".join(_remark(remark) for remark in block.remarks)
    return element("ul", f"\n{items}\n", "findings")


def _remark(remark: Remark) -> str:
    known = remark.level if remark.level in {"error", "warning"} else "remark"
    lines = f"{element('span', text(remark.level), f'level {known}')} {text(remark.message)}"
    lines += element("span", text(remark.where), "note") if remark.where else ""
    return element("li", lines + (element("span", text(f"Fix: {remark.fix}"), "note") if remark.fix else ""))


def shares(block: Shares) -> str:
    """Return a bar of parts with its key.

    Args:
        block: names and counts.
    """
    total = max(1, sum(number for _, number in block.parts))
    bar = "".join(f'<span style="flex-grow:{int(number)}"></span>' for _, number in block.parts)
    names = "".join(
        f"<li><b>{count(number)}</b> {text(name)} <span>{number / total:.1%}</span></li>"
        for name, number in block.parts
    )
    return f'<div class="bar" aria-hidden="true">{bar}</div>\n{element("ul", names, "key")}'


def marked(block: Marked) -> str:
    """Return a text with parts of it marked, the stronger the more color.

    Args:
        block: the parts.
    """
    inner = "".join(_part(content, strength) for content, strength in block.parts)
    caption = element("span", text(block.caption), "note") if block.caption else ""
    return element("p", caption + inner, "marked")


def _part(content: str, strength: float) -> str:
    share = round(100 * min(1.0, abs(strength)))
    if not share:
        return text(content)
    kind = "for" if strength > 0 else "against"
    return f'<mark class="{kind}" style="--strength: {share}%">{text(content)}</mark>'


def plot(block: Plot, figures: Mapping[str, Figure]) -> str:
    """Return a drawing with the note below it; nothing if it was not drawn.

    Args:
        block: of which name, words and note are used.
        figures: the drawings by name.
    """
    return figure(drawing(figures[block.name], block), block.note) if block.name in figures else ""


BLOCKS: dict[type[Block], Callable[[Any], str]] = {
    Paragraph: paragraph,
    Bullets: bullets,
    Tiles: tiles,
    Table: table,
    Facts: facts,
    Remarks: remarks,
    Shares: shares,
    Marked: marked,
}
