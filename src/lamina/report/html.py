"""The report as one page that stands alone: no scripts, no other files, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources

from matplotlib.figure import Figure

from lamina.core.page import Section
from lamina.core.wording import plain
from lamina.report.arrange import arrange
from lamina.report.blocks import section
from lamina.report.figures import figures_of
from lamina.report.markup import text

# Nothing is loaded and nothing runs, even if something got past the escaping; images are in the page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<p class="over">Training report</p>
<h1>{title}</h1>
<p class="under">{under}</p>
</header>
<main>
{body}
</main>
<footer>Made by Lamina{version}. This page stands alone: it loads nothing and runs nothing.</footer>
</body>
</html>
"""


def page(
    title: str,
    under: str,
    sections: Iterable[Section],
    *,
    version: str = "",
    figures: Mapping[str, Figure] | None = None,
) -> str:
    """Return a report as an HTML page; the same sections give the same page.

    Args:
        title: what was learned from what, such as "income from adult.csv".
        under: what the network does, one sentence.
        sections: what the report says, in any order: see `arrange`.
        version: of Lamina, for the last line.
        figures: of these sections, where they are there already.

    Example:
        >>> "<title>a &lt; b</title>" in page("a < b", "", [])
        True
    """
    arranged = arrange(sections)
    drawn = figures_of(arranged) if figures is None else figures
    return PAGE.format(
        policy=POLICY,
        title=text(plain(title, 200)),
        style=resources.files("lamina.report").joinpath("page.css").read_text("utf-8"),
        under=text(under),
        body="\n".join(section(given, drawn) for given in arranged),
        version=f" {text(version)}" if version else "",
    )
