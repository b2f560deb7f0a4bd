"""Maps of attention: the weights that the network mixes by, and nothing for networks that do not attend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina.core.inputs.text import TextInputs
from lamina.models import build
from lamina.tasks.attention_maps import attention_sections, attention_weights

IDS = np.random.default_rng(0).integers(0, 7, (1, 6)).astype(np.int32)
X = {"ids": IDS, "scale": np.ones(IDS.shape, np.float32)}


def model(name: str, **options: Any) -> Any:
    wants = {} if name == "bert" else {"wants": "next"}
    return build(name, inputs=TextInputs(7, 6), outputs=7, size=8, **options, **wants)


@pytest.mark.parametrize("name", ["gpt", "llama", "bert"])
def test_weights_of_each_layer_and_head(name: str):
    weights = attention_weights(model(name, depth=3, heads=2), X)
    assert weights is not None and weights.shape == (3, 1, 2, 6, 6)
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-5)
    later = np.triu(np.ones((6, 6), bool), 1)
    assert (weights[..., later] == 0).all() == (name != "bert")


def test_the_section_shows_some_layers_and_heads():
    (section,) = attention_sections(model("gpt", depth=5, heads=4), X, list("abcdef"))
    plot = section.blocks[1]
    titles = [panel.title for panel in plot.panels]
    assert len(titles) == 9 and titles[0] == "layer 1, head 1" and titles[-1] == "layer 5, head 3"
    assert plot.panels[0].rows == tuple("abcdef")


def test_networks_that_do_not_attend_have_none():
    lstm = model("lstm")
    assert attention_weights(lstm, X) is None and attention_sections(lstm, X, list("abcdef")) == []
