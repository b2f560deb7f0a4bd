"""The page of configuration keys is the declaration of the keys: a section an owner, a row a key.

    python -m tests.docs.test_config_page

prints the sections as they should stand on the page.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamina.network.keys import MODEL_OPTIONS, Declared, declared_keys

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "config.md"
HEADS = ("| key | default | range | meaning |", "|---|---|---|---|")
MODEL_HEADS = ("| key | range | meaning | models |", "|---|---|---|---|")


def title(owner: str) -> str:
    """The heading of an owner's section: ``Training``, ``task=regression``."""
    return (
        ", ".join(f"`{part}`" for part in owner.split(", ")) if "=" in owner else owner[0].upper() + owner[1:]
    )


def expected(key: Declared) -> str:
    """The range of a key in words."""
    is_switch = isinstance(key.field.default, bool)
    return "true, false" if is_switch else key.field.metadata["expected"].removeprefix("one of ")


def row(key: Declared, owner: str) -> str:
    """One key as the page shows it; options of models have no default, for each model has its own."""
    field, name = key.field, f"`{key.field.name}`"
    if owner == MODEL_OPTIONS:
        meaning = "the size dial" if field.name == "size" else field.metadata["meaning"]
        models = "every model" if field.name == "size" else ", ".join(f"`{model}`" for model in key.owners)
        return f"| {name} | {expected(key)} | {meaning} | {models} |"
    default = "–" if field.default is None else str(field.default).lower().replace("()", "–")
    return f"| {name} | {default} | {expected(key)} | {field.metadata['meaning']} |"


def table(owner: str, keys: list[Declared]) -> list[str]:
    """The table of an owner."""
    return [*(MODEL_HEADS if owner == MODEL_OPTIONS else HEADS), *(row(key, owner) for key in keys)]


def sections(text: str) -> dict[str, list[str]]:
    """The lines of every table of a page, by the heading above it."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        heading: [line for line in body.splitlines() if line.startswith("|")]
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }


DECLARED = declared_keys()


@pytest.mark.parametrize("owner", DECLARED)
def test_every_key_stands_in_the_table_of_its_owner_as_it_is_declared(owner: str):
    wanted = table(owner, DECLARED[owner])
    assert sections(PAGE.read_text()).get(title(owner)) == wanted, "\n".join([f"## {title(owner)}", *wanted])


def test_the_page_has_no_section_of_an_owner_that_is_none():
    with_tables = [heading for heading, lines in sections(PAGE.read_text()).items() if lines]
    assert with_tables == [title(owner) for owner in DECLARED]


def test_every_size_dial_stands_there():
    """What `size` turns is said for each model where models are listed."""
    (size,) = [key for key in DECLARED[MODEL_OPTIONS] if key.field.name == "size"]
    assert row(size, MODEL_OPTIONS) == "| `size` | > 0 | the size dial | every model |"


if __name__ == "__main__":
    for owner, keys in DECLARED.items():
        print(f"## {title(owner)}\n\n" + "\n".join(table(owner, keys)) + "\n")
