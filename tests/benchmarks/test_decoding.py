"""Both sides of the row "decoding" write the same tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.contenders import lamina_decoding

from lamina.core.tree import named_arrays

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
from benchmarks.contenders import torch_decoding  # noqa: E402

SHAPE = {"symbols": 40, "time": 32, "width": 16, "depth": 2, "heads": 2}


def test_both_write_the_same_tokens(tmp_path: Path):
    model = lamina_decoding.random_model(SHAPE)
    prompts = np.random.default_rng(2).integers(0, 40, (2, 9)).tolist()
    ours = lamina_decoding.written(model, {"shape": SHAPE, "prompts": prompts, "tokens": 12})
    twin, given = torch_decoding.network(SHAPE, named_arrays(model)), torch.tensor(prompts)
    with torch.inference_mode():
        for variant in ("dynamic", "static"):
            assert torch_decoding.generated(twin, given, 12, variant).tolist() == ours
        loop = torch_decoding.Looped(twin, is_frozen=False)
        loop.step = loop._step
        assert loop(given, 12).tolist() == ours
    assert len({tuple(row) for row in ours}) == 2 and len(set(ours[0])) > 2
