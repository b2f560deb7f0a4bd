"""HTML in small pieces; every value passes through `text`, which nothing gets out of."""

from __future__ import annotations

import html
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


def element(tag: str, inner: str, kind: str = "") -> str:
    """Return an element.

    Args:
        tag: its name.
        inner: HTML.
        kind: classes of the style sheet, not yet escaped.

    Example:
        >>> element("p", "a", "note")
        '<p class="note">a</p>'
    """
    opening = f'{tag} class="{text(kind)}"' if kind else tag
    return f"<{opening}>{inner}</{tag}>"


def figure(svg: str, note: str = "") -> str:
    """Return a figure with a note under it.

    Args:
        svg: the drawing, as an SVG element.
        note: plain text, not yet escaped.
    """
    caption = "\n" + element("figcaption", text(note)) if note else ""
    return f"<figure>\n{svg}{caption}\n</figure>"
