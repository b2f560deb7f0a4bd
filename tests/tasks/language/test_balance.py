"""The report's section on experts: their shares layer by layer, and nothing for networks without."""

from __future__ import annotations

import types
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.inputs.text import TextInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.models import build
from lamina.tasks.language.balance import balance_sections, expert_loads

IDS = np.random.default_rng(0).integers(0, 7, (5, 6)).astype(np.int32)
X = {"ids": IDS, "scale": np.ones(IDS.shape, np.float32)}


def model(name: str, **options: Any) -> Any:
    return build(name, inputs=TextInputs(7, 6), outputs=7, size=8, depth=3, **options)


def outcome(model: Any) -> Any:
    """What the section looks at."""
    table = types.SimpleNamespace(height=5, take=lambda rows: rows)
    return types.SimpleNamespace(
        model=model, training=table, transform=lambda rows: {k: v[rows] for k, v in X.items()}
    )


def test_shares_are_of_layers_and_experts():
    own = model("moe", experts=4, top_k=2)
    loads = expert_loads(own, X)
    assert loads is not None and loads.shape == (3, 4)
    np.testing.assert_allclose(loads.sum(1), 1.0, rtol=1e-5)
    assert (loads <= 0.5 + 1e-6).all(), "an expert is half of a token's two choices at most"


def test_the_section_says_how_uneven_they_are():
    own, bias = model("moe", experts=4, top_k=1), np.zeros((3, 4, 8), np.float32)
    path = next(path for path in named_arrays(own) if path.endswith("router.weight"))
    even = with_arrays(own, {**named_arrays(own), path: bias})  # equal chances: the first expert takes all
    (section,) = balance_sections(outcome(even))
    words, plot = section.blocks
    assert "the most used has 4.00 times as much, the least used 0.00 times" in words.text
    (matrix,) = plot.panels
    assert matrix.rows == ("layer 1", "layer 2", "layer 3") and matrix.texts[0] == ("100%", "0%", "0%", "0%")
    assert float(jnp.max(matrix.shades)) == 1.0


def test_networks_without_experts_have_no_such_section():
    assert balance_sections(outcome(model("gpt"))) == [] and expert_loads(model("gpt"), X) is None


def test_many_experts_have_no_texts_in_their_cells():
    (section,) = balance_sections(outcome(model("moe", experts=20)))
    assert section.blocks[1].panels[0].texts == ()
