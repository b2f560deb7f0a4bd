"""The report as one page that stands alone: no scripts, no other files, no network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from matplotlib.figure import Figure

from lamina.core.wording import plain
from lamina.report import sections
from lamina.report.content import ReportContent
from lamina.report.figures import draw_figures, figures_of
from lamina.report.markup import text
from lamina.report.quality import quality
from lamina.report.summary import TASKS

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


def render(content: ReportContent, figures: Mapping[str, Figure] | None = None) -> str:
    """Return the report as an HTML page; the same content gives the same page.

    Args:
        content: what the report is about; whatever is missing is left out.
        figures: of this content, where they are there already.

    Example:
        >>> page = render(ReportContent(title="a < b", task="binary", model_name="mlp"))
        >>> "<title>a &lt; b</title>" in page
        True
    """
    drawings = draw_figures(figures_of(content) if figures is None else figures)
    body = (
        sections.short(content),
        quality(content, drawings),
        sections.importance(content, drawings),
        sections.images(content, drawings),
        sections.cautions(content),
        sections.data(content),
        sections.training(content, drawings),
        sections.again(content),
    )
    version = content.versions.get("lamina")
    return PAGE.format(
        policy=POLICY,
        title=text(plain(content.title, 200)),
        style=resources.files("lamina.report").joinpath("page.css").read_text("utf-8"),
        under=text(_under(content)),
        body="\n".join(part for part in body if part),
        version=f" {text(version)}" if version else "",
    )


def _under(content: ReportContent) -> str:
    targets = [plain(c.get("name", ""), 60) for c in content.columns if c.get("kind") == "target"]
    named = f" {targets[0]}:" if len(targets) == 1 else ""
    learned = TASKS.get(content.task, content.task)
    return f"A neural network ({plain(content.model_name, 60)}) that predicts{named} {learned}."
