"""A page as tags, attributes and words, and facts of a run to fill one."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

from lamina.report import RunFacts

VOID = {"meta", "link", "br", "img", "input", "path", "use", "rect", "hr", "image"}
FACTS = RunFacts(
    model="mlp",
    reason="the strongest family on tables of this size",
    parameters=66440,
    device="cpu",
    seed=7,
    seconds=75.2,
    compile_seconds=3.1,
    evaluated="test",
    evaluated_rows=200,
    history={"epoch": [1, 2, 3], "train_loss": [0.9, 0.6, 0.5], "valid_loss": [0.8, 0.6, 0.65]},
    watched=("AUC", [0.7, 0.9, 0.85]),
    best_epoch=2,
    findings=[{"level": "warning", "code": "id", "message": "looks like an id", "where": "adult.csv"}],
    rows={"train": 600, "valid": 200, "test": 200},
    columns=[
        {"name": "age", "kind": "numeric", "note": ""},
        {"name": "hours", "kind": "numeric", "note": "1% missing"},
        {"name": "row_id", "kind": "dropped", "note": "an identifier"},
        {"name": "income", "kind": "target", "note": ""},
    ],
    trials=[{"model": "linear", "auc": 0.8}, {"model": "mlp", "auc": 0.91, "chosen": True}],
    config={"epochs": 3, "early_stopping": True},
    command="lamina fit adult.csv --target income",
    versions={"lamina": "0.1.0", "jax": "0.10.2"},
)


def facts(**changes: object) -> RunFacts:
    """The facts of a run, some of them others."""
    return dataclasses.replace(FACTS, **changes)


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails on tags that do not close in order."""

    def __init__(self, text: str):
        super().__init__()
        self.text = text
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.heads: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.heads.append(data)
        if self.open and self.open[-1] != "style":
            self.words += data

    def values(self, name: str) -> list[str]:
        """What an attribute holds, wherever it stands."""
        return [value or "" for given, value in self.attributes if given == name]

    def stands_alone(self) -> bool:
        """Whether nothing is run, and nothing loaded from elsewhere."""
        active = {"script", "link", "img", "iframe", "object", "a", "form"} & set(self.tags)
        names = {name for name, _ in self.attributes}
        handlers = {name for name in names if name.startswith("on") or name in {"src", "action"}}
        inside = all(value.startswith(("#", "data:image/png")) for value in self.values("href"))
        elsewhere = re.search(r"https?://|url\((?!#)|@import", self.text)
        return not active and not handlers and inside and not elsewhere and "default-src 'none'" in self.text
