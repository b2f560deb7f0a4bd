"""Small texts, and networks of a few numbers that write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import lamina
from lamina.network.network import Network

WORDS = "the cat dog sat on a mat and ran over house tree with red blue big small".split()
QUICK: dict[str, Any] = {
    "model": "gpt", "size": 8, "depth": 1, "context": 16, "epochs": 30, "lr": 0.02, "preset": "fast",
}  # fmt: skip


def text_of(*, lines: int = 60, seed: int = 0) -> str:
    """Lines of six words, each beginning with a capital letter."""
    random = np.random.default_rng(seed)
    found = [" ".join(random.choice(WORDS, 6)).capitalize() + ".\n" for _ in range(lines)]
    return "".join(found)


def write_text(path: Path, **keys: Any) -> Path:
    """Write such a text."""
    path.write_text(text_of(**keys))
    return path


def trained(path: Path, **keys: Any) -> Network:
    """A network that has hardly learned anything from a text."""
    return lamina.fit(str(path), **{**QUICK, **keys})
