"""The order of a page: what comes from many hands is put together by title."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from lamina.core.page import (
    Block,
    Bullets,
    Facts,
    Marked,
    Paragraph,
    Plot,
    Remarks,
    Section,
    Shares,
    Table,
    Tiles,
)

SHORT, LIMITS, DATA, TRAINING = "In short", "Limits", "The data", "How it was trained"
AGAIN = "How to get the same again"
FIRST, LAST = (SHORT,), (LIMITS, DATA, TRAINING, AGAIN)  # all others stand between them, as they came


def arrange(sections: Iterable[Section]) -> list[Section]:
    """Return the sections in the order of the page, those of equal title as one, empty ones left out.

    Tiles that follow one another become one row, lists one list; plots of one name are numbered.

    Args:
        sections: from whoever has something to say, in any order.

    Example:
        >>> found = arrange([Section("Limits", (Bullets(("a",)),)), Section("Limits", (Bullets(("b",)),))])
        >>> found[0].blocks
        (Bullets(sentences=('a', 'b')),)
    """
    together: dict[str, list[Block]] = {}
    for section in sections:
        together.setdefault(section.title, []).extend(section.blocks)
    between = [title for title in together if title not in FIRST + LAST]
    names: dict[str, int] = {}
    found = []
    for title in (*FIRST, *between, *LAST):
        blocks = _joined([block for block in together.get(title, ()) if not is_empty(block)], names)
        found += [Section(title, blocks)] if blocks else []
    return found


def is_empty(block: Block) -> bool:
    """Return whether a block has nothing to show.

    Args:
        block: any.
    """
    match block:
        case Facts(pairs=pairs):
            return not any(value for _, value in pairs)
        case (
            Paragraph(text=content)
            | Bullets(sentences=content)
            | Table(rows=content)
            | Tiles(tiles=content)
            | Remarks(remarks=content)
            | Shares(parts=content)
            | Marked(parts=content)
            | Plot(panels=content)
        ):
            return not content


def _joined(blocks: list[Block], names: dict[str, int]) -> tuple[Block, ...]:
    found: list[Block] = []
    for block in blocks:
        last = found[-1] if found else None
        if isinstance(block, Tiles) and isinstance(last, Tiles):
            found[-1] = Tiles(last.tiles + block.tiles)
        elif isinstance(block, Bullets) and isinstance(last, Bullets):
            found[-1] = Bullets(last.sentences + block.sentences)
        elif isinstance(block, Plot):
            names[block.name] = names.get(block.name, 0) + 1
            number = names[block.name]
            found.append(block if number == 1 else dataclasses.replace(block, name=f"{block.name}_{number}"))
        else:
            found.append(block)
    return tuple(found)
