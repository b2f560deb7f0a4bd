"""HTML in small pieces; every value passes through `text`, which nothing gets out of."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from lamina.core.wording import plain


def text(value: Any) -> str:
    """Return a value as HTML text, safe between tags and inside quoted attributes.

    Args:
        value: anything.

    Example:
        >>> text("<script>")
        '&lt;script&gt;'
    """
    return html.escape(plain(value), quote=True)


def section(title: str, *parts: str) -> str:
    """Return a titled section of the page, or nothing if all its parts are empty.

    Args:
        title: the heading.
        *parts: HTML; empty ones are left out.
    """
    body = "\n".join(part for part in parts if part)
    anchor = title.lower().replace(" ", "-")
    return f'<section id="{text(anchor)}">\n<h2>{text(title)}</h2>\n{body}\n</section>' if body else ""


def paragraph(sentence: str, kind: str = "") -> str:
    """Return a paragraph of plain text, or nothing if there is none.

    Args:
        sentence: the text, not yet escaped.
        kind: a class of the style sheet.
    """
    if not sentence:
        return ""
    return f'<p class="{kind}">{text(sentence)}</p>' if kind else f"<p>{text(sentence)}</p>"


def bullets(sentences: Iterable[str]) -> str:
    """Return a list of plain sentences.

    Args:
        sentences: not yet escaped.
    """
    items = "\n".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f"<ul>\n{items}\n</ul>" if items else ""


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = (), kind: str = ""
) -> str:
    """Return a table, or nothing if it has no rows.

    Args:
        heads: column titles, not yet escaped.
        rows: cells as HTML.
        numeric: which columns are numbers, aligned at the right.
        kind: a class of the style sheet.
    """

    def cell(tag: str, place: int, inner: str) -> str:
        return f'<{tag} class="number">{inner}</{tag}>' if place in numeric else f"<{tag}>{inner}</{tag}>"

    body = "\n".join("<tr>" + "".join(cell("td", i, c) for i, c in enumerate(row)) + "</tr>" for row in rows)
    if not body:
        return ""
    head = "".join(cell("th", i, text(name)) for i, name in enumerate(heads))
    opening = f'<table class="{kind}">' if kind else "<table>"
    inner = f"{opening}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    return f'<div class="wide">{inner}</div>'


def facts(pairs: Iterable[tuple[str, str]], *, kind: str = "facts") -> str:
    """Return names and values side by side; pairs without a value are left out.

    Args:
        pairs: plain text, not yet escaped.
        kind: classes of the style sheet.
    """
    items = "\n".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in pairs if value
    )
    return f'<dl class="{kind}">\n{items}\n</dl>' if items else ""


def figure(svg: str | None, note: str = "") -> str:
    """Return a figure with a note under it, or nothing if it was not drawn.

    Args:
        svg: the drawing, as an SVG element.
        note: plain text, not yet escaped.
    """
    if not svg:
        return ""
    caption = f"\n<figcaption>{text(note)}</figcaption>" if note else ""
    return f"<figure>\n{svg}{caption}\n</figure>"
