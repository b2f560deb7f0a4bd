"""nanoGPT's small configuration for a CPU, and the text it learns: tiny-shakespeare by characters."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

HELD_OUT = 0.1
STEPS, STEPS_OF_EPOCH = 2_000, 250
WARMUP = 0.05  # of the steps
KEYS: dict[str, Any] = {
    "model": "gpt",
    "size": 128,
    "depth": 4,
    "heads": 4,
    "dropout": 0.0,
    "context": 64,
    "batch_size": 12,
    "steps_per_epoch": STEPS_OF_EPOCH,
    "epochs": STEPS // STEPS_OF_EPOCH,
    "optimizer": "adamw",
    "lr": 1e-3,
    "beta2": 0.99,
    "weight_decay": 0.1,
    "warmup": WARMUP,
    "schedule": "cosine",
    "clip": 1.0,
}


def shakespeare() -> tuple[str, int]:
    """Return the text and the character at which its last tenth begins, the test text."""
    path = Path(os.environ.get("LAMINA_DATA", "")) / "tinyshakespeare" / "input.txt"
    if not path.is_file():
        sys.exit("no tinyshakespeare in $LAMINA_DATA")
    text = path.read_text()
    return text, int(len(text) * (1 - HELD_OUT))
