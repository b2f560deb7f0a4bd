"""The entry point: which verb, and what every ending of it means to the shell."""

from __future__ import annotations

import functools
import importlib
import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from lamina.cli.arguments import HelpShown
from lamina.core import runtime
from lamina.core.errors import ConfigError, Interrupted, LaminaError, suggest

# verb → what it does; the modules are imported when they are used, so that --help is quick
COMMANDS = {
    "fit": "train a network on a file and write a run folder",
    "evaluate": "measure a trained network on labeled data",
    "predict": "predict every row of a file, or every image of a folder",
    "check": "say what is wrong with data before anything is trained",
    "resume": "go on with a run that was interrupted or killed",
    "describe": "say what a run, a model or the system is",
    "models": "list the models",
}
# what people type who come from elsewhere
ELSEWHERE = {
    "train": "fit",
    "eval": "evaluate",
    "test": "evaluate",
    "val": "evaluate",
    "score": "evaluate",
    "infer": "predict",
    "audit": "check",
    "continue": "resume",
    "show": "describe",
    "info": "describe",
    "list": "models",
}
DONE, BUG, WRONG, STOPPED, INTERRUPTED = 0, 1, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Args:
        argv: the words after ``lamina``; those of the process when left out.

    Returns:
        0 done; 2 the command or the data is wrong; 3 a run could not go on; 130 interrupted;
        1 a fault of Lamina itself.

    Example:
        >>> main(["--version"])
        lamina 0.1.0
        0
    """
    began = time.perf_counter()
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        _write_utf8()
    try:
        with _terminable():
            status = _dispatched(words, began)
            sys.stdout.flush()  # so that a reader who left is noticed here
            return status
    except LaminaError as error:
        _say(_in_words(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except MemoryError:
        _say(
            "there is not enough memory for this\n  fix: fewer rows, a smaller batch_size or a smaller model"
        )
        return STOPPED
    except Exception as error:
        return _fault(error)
    finally:
        if argv is None:
            runtime.leave_objects_to_the_system()


def _write_utf8() -> None:
    """Write UTF-8 whatever the locale, and names of files as they are, even where they are no UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def _dispatched(words: list[str], began: float) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return DONE
    if words[0] in ("-V", "--version", "version"):
        from lamina import __version__

        print(f"lamina {__version__}")
        return DONE
    try:
        return _command(words[0])(words[1:], began)
    except HelpShown:
        return DONE


def _command(verb: str) -> Callable[[Sequence[str], float], int]:
    if verb in COMMANDS:
        return importlib.import_module(f"lamina.cli.{verb}").run
    from lamina.tasks.verbs import VERBS

    if verb in VERBS:
        return functools.partial(importlib.import_module("lamina.cli.verb").run, verb)
    near = (
        f" (did you mean '{ELSEWHERE[verb]}'?)" if verb in ELSEWHERE else suggest(verb, [*COMMANDS, *VERBS])
    )
    expected = "one of " + ", ".join([*COMMANDS, *VERBS])
    raise ConfigError(f"unknown command '{verb}'{near}", expected=expected, fix="lamina --help")


def _help() -> str:
    from lamina.tasks.verbs import VERBS

    lines = [
        "usage: lamina COMMAND ...",
        "",
        "Neural networks, from the file on your disk to predictions.",
        "",
    ]
    lines += [f"  {verb:<10} {what}" for verb, what in COMMANDS.items()]
    lines += ["", "for networks of some tasks:"]
    lines += [f"  {verb:<10} {what}" for verb, (what, _) in VERBS.items()]
    lines += ["", "  lamina COMMAND --help says more; lamina fit --help lists every key."]
    lines += ["", "examples:", "  lamina check houses.csv --target price"]
    lines += ["  lamina fit houses.csv --target price", "  lamina predict runs/houses-tabm-mini-1 new.csv"]
    return "\n".join(lines)


def _in_words(error: LaminaError) -> str:
    """Return an error as people read it here; the way on from an interruption is a line of its own."""
    if isinstance(error, Interrupted) and error.fix:
        return f"{error.where}: {error.message}; to go on:\n{error.fix}"
    return str(error)


def _say(text: str) -> None:
    try:
        print(text if text.startswith("lamina ") else f"lamina: {text}", file=sys.stderr, flush=True)
    except OSError:
        pass  # nobody listens; the exit status says it


def _fault(error: Exception) -> int:
    """Ask for a report of what must be a fault of Lamina; the traceback is in the log of the run."""
    if _out_of_memory(error):
        _say("the device has not enough memory\n  fix: a smaller batch_size, size or device_memory")
        return STOPPED
    kind = type(error)
    log = getattr(error, "__notes__", [""])[-1]
    place = f"{log}, which has the traceback" if log else "what LAMINA_TRACEBACK=1 shows"
    text = f"a fault in Lamina ({kind.__module__}.{kind.__qualname__}: {str(error)[:300]})"
    _say(f"{text}\n  please report it, with the command and {place}")
    if os.environ.get("LAMINA_TRACEBACK"):
        traceback.print_exc()
    return BUG


def _out_of_memory(error: Exception) -> bool:
    return type(error).__name__ in ("JaxRuntimeError", "XlaRuntimeError") and "RESOURCE_EXHAUSTED" in str(
        error
    )


def _reader_left() -> int:
    """End quietly, as a command in a pipe does; nothing may be flushed into the void at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


class _terminable:
    """Let SIGTERM end a command as Ctrl-C does."""

    def __enter__(self) -> None:
        self.before: Any = None
        try:
            if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                self.before = signal.signal(signal.SIGTERM, _interrupt)
        except ValueError:
            pass  # not the main thread

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            signal.signal(signal.SIGTERM, self.before)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
