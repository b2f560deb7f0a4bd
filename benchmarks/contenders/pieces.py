"""Learn pieces of words and cut texts into them, by the library of the interpreter that runs this.

``python -m benchmarks.contenders.pieces TEXTS [PIECES]`` prints the library, the seconds of learning and of
cutting all lines of a file, the number of packages that an installation brings, and their size.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import json
import sys
import time
from pathlib import Path
from typing import Any


def sentencepiece(lines: list[str], pieces: int) -> tuple[float, float]:
    import sentencepiece as library

    began, written = time.perf_counter(), io.BytesIO()
    library.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=written,
        model_type="bpe",
        vocab_size=pieces,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    learned = time.perf_counter() - began
    began = time.perf_counter()
    library.SentencePieceProcessor(model_proto=written.getvalue()).encode(lines)
    return learned, time.perf_counter() - began


def tokenizers(lines: list[str], pieces: int) -> tuple[float, float]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    began, tokenizer = time.perf_counter(), Tokenizer(models.BPE(unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=pieces, show_progress=False))
    learned = time.perf_counter() - began
    began = time.perf_counter()
    tokenizer.encode_batch(lines)
    return learned, time.perf_counter() - began


def installed() -> dict[str, Any]:
    """Return the packages beside pip and setuptools, and their size in MB."""
    found = {d.metadata["Name"]: d for d in importlib.metadata.distributions()}
    own = {name: d for name, d in found.items() if name not in ("pip", "setuptools", "wheel")}
    size = sum(
        Path(str(d.locate_file(f))).stat().st_size
        for d in own.values()
        for f in d.files or ()
        if Path(str(d.locate_file(f))).is_file()
    )
    return {"packages": len(own), "MB": round(size / 1e6, 1)}


if __name__ == "__main__":
    texts = Path(sys.argv[1]).read_text("utf-8").splitlines()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    run = sentencepiece if importlib.util.find_spec("sentencepiece") else tokenizers
    runs = [run(texts, count) for _ in range(3)]
    seconds = {"learn": min(r[0] for r in runs), "cut": min(r[1] for r in runs)}
    print(json.dumps({"library": run.__name__, "lines": len(texts), **seconds, **installed()}))
