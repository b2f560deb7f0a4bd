"""``lamina resume``: go on with a run that was interrupted or killed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lamina.cli.arguments import Parser
from lamina.cli.output import print_json

SUMMARY = "Go on with a run from its last checkpoint; it ends as if it had never stopped."


def run(words: Sequence[str], began: float) -> int:
    """Resume.

    Args:
        words: the words after ``lamina resume``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("resume", SUMMARY)
    parser.add_argument("run", metavar="RUN", help="the run folder")
    parser.add_argument(
        "--accept-versions", action="store_true", help="go on with other versions of Lamina, JAX or NumPy"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options, _ = parser.read(words)
    from lamina.cli.fit import summary
    from lamina.runs.console import Console
    from lamina.runs.resume import resume

    console = Console(sys.stderr if options.json else sys.stdout)
    finished = resume(options.run, console=console, began=began, accept_versions=options.accept_versions)
    if options.json:
        print_json({"run": options.run, "ended": "before"} if finished is None else summary(finished))
    return 0
