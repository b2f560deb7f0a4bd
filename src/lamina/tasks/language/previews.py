"""What a language model writes while it still learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.core.page import Section, Table
from lamina.core.wording import on_one_line
from lamina.tasks.preview import AbstractWatcher, Preview, Previewer, note_of_previews

if TYPE_CHECKING:
    from lamina.modalities.base import Outcome
    from lamina.modalities.text.encoder import TextEncoder

CHARACTERS = 80
TEMPERATURE = 0.8


def previewer(encoder: TextEncoder, context: int, seed: int) -> Previewer:
    """Return what lets a model write the first 80 characters of a text, always from the same random numbers.

    Args:
        encoder: of the texts.
        context: tokens that are read at once.
        seed: decides what is drawn.
    """

    def write(model: Any) -> Preview | None:
        if not hasattr(model, "extend"):
            return None
        from lamina.tasks.language.generate import Writer
        from lamina.tasks.language.verbs import GenerateKeys

        keys = GenerateKeys(tokens=CHARACTERS, temperature=TEMPERATURE, seed=seed)
        text = Writer(model, encoder, context).write([""], keys)[0][:CHARACTERS]
        return Preview(text, on_one_line(text))

    return write


class WritingWatcher(AbstractWatcher):
    """Lets a model write the beginning of a text."""

    def previewer(self, objective: Any, encoder: Any, target: Any, *, seed: int) -> Previewer:
        """Return what writes it."""
        return previewer(encoder.only, target.context, seed)


def texts_over_training(outcome: Outcome) -> list[Section]:
    """Return what was written at some epochs; nothing where nobody looked.

    Args:
        outcome: of the run.
    """
    if not outcome.previews:
        return []
    rows = tuple((str(epoch), on_one_line(own.value)) for epoch, own in sorted(outcome.previews.items()))
    note = (
        f"From the same random numbers each time, at temperature {TEMPERATURE}. {note_of_previews(outcome)}"
    )
    return [Section("Samples over training", (Table(("epoch", "text"), rows, (0,), note=note.strip()),))]
