"""``lamina models``: list the models."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.cli.arguments import Parser
from lamina.cli.output import definitions, print_json
from lamina.core.errors import ConfigError, suggest

SUMMARY = "List the models that lamina fit --model knows."


def run(words: Sequence[str], began: float) -> int:
    """List.

    Args:
        words: the words after ``lamina models``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("models", SUMMARY)
    parser.add_argument("pattern", metavar="PATTERN", nargs="?", default="*", help="such as 'tabm*'")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options, _ = parser.read(words)
    from lamina.models import MODELS

    names = MODELS.match(options.pattern)
    if not names:
        raise ConfigError(
            f"no model is called '{options.pattern}'{suggest(options.pattern, MODELS)}",
            expected="one of " + ", ".join(sorted(MODELS)),
        )
    if options.json:
        print_json({"models": {name: MODELS[name].summary for name in names}})
    else:
        print(definitions([(name, MODELS[name].summary) for name in names]))
    return 0
