"""A small graph that can be completed: people live in towns, towns lie in countries, and so do people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

Triple = tuple[str, str, str]


def triples(people: int = 40, towns: int = 8, countries: int = 3) -> list[Triple]:
    """All that is true, in random order; where a person's country is, follows from the town."""
    random = np.random.default_rng(0)
    found: list[Triple] = [(f"t{i}", "lies_in", f"c{i % countries}") for i in range(towns)]
    for person in range(people):
        town = int(random.integers(towns))
        found += [(f"p{person}", "lives_in", f"t{town}"), (f"p{person}", "from", f"c{town % countries}")]
        found += [(f"t{town}", "home_of", f"p{person}")]
        found += [
            (f"p{person}", "knows", f"p{int(other)}") for other in random.choice(people, 2) if other != person
        ]
    found = list(dict.fromkeys(found))
    return [found[i] for i in random.permutation(len(found))]


def write(path: Path, rows: list[Triple]) -> str:
    """Write triples as a TSV without a header."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    return str(path)


def folder(root: Path) -> str:
    """A folder with train, valid and test: held out are some of the facts that follow from others."""
    rows = triples()
    held = [row for row in rows if row[1] == "from"][:20]
    for name, own in (
        ("train", [r for r in rows if r not in held]),
        ("valid", held[:10]),
        ("test", held[10:]),
    ):
        write(root / f"{name}.tsv", own)
    return str(root)
