"""The same by GPT-2 of `transformers`; options: those of `lamina_decoding`, variant, threads, prompts.

Variants: ``dynamic`` and ``static`` are its own `generate` with either cache; ``compiled`` and ``frozen``
take the same steps in a loop whose step is compiled by `torch.compile`, in the last with weights that are
constants of the program.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor

from benchmarks import datasets, worker
from benchmarks.contenders import torch_steps

PARTS = {
    "ln_1": "ln_1",
    "ln_2": "ln_2",
    "self_attention.in_proj": "attn.c_attn",
    "self_attention.out_proj": "attn.c_proj",
    "feed_forward.first": "mlp.c_fc",
    "feed_forward.second": "mlp.c_proj",
}


def network(shape: Mapping[str, int], arrays: Mapping[str, np.ndarray]) -> Any:
    """Return GPT-2 with Lamina's weights, whose matrices it stores transposed."""
    config = transformers.GPT2Config(
        vocab_size=shape["symbols"], n_positions=shape["time"], n_embd=shape["width"],
        n_layer=shape["depth"], n_head=shape["heads"], activation_function="gelu",
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    own = {"wte.weight": arrays["embedding.weight"], "wpe.weight": arrays["positions.weight"][0]}
    for kind in ("weight", "bias"):
        own[f"ln_f.{kind}"] = arrays[f"norm.{kind}"]
        for mine, theirs in PARTS.items():
            for i, array in enumerate(arrays[f"body.blocks.{mine}.{kind}"]):
                own[f"h.{i}.{theirs}.{kind}"] = array.T
    found = transformers.GPT2LMHeadModel(config)
    found.transformer.load_state_dict({name: torch.tensor(np.array(array)) for name, array in own.items()})
    return found.eval()


def generated(model: Any, prompts: Tensor, tokens: int, variant: str) -> Tensor:
    """Return the likeliest tokens after the prompts by `generate`."""
    cache = {"cache_implementation": "static"} if variant == "static" else {}
    found = model.generate(
        prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=tokens, do_sample=False,
        use_cache=True, pad_token_id=0, **cache,
    )  # fmt: skip
    return found[:, prompts.shape[1] :]


class Looped:
    """A loop over steps with a static cache, the step compiled.

    Args:
        model: of transformers.
        is_frozen: whether its weights are constants of the program, packed as the products like them.
    """

    def __init__(self, model: Any, *, is_frozen: bool):
        torch._inductor.config.freezing = is_frozen
        self.model, self.step, self.cache = model, torch.compile(self._step, dynamic=False), None

    def _step(self, ids: Tensor, cache: Any, place: Tensor) -> Tensor:
        return self._next(ids, cache, place)

    def _next(self, ids: Tensor, cache: Any, place: Tensor) -> Tensor:
        found = self.model(
            input_ids=ids, past_key_values=cache, use_cache=True, cache_position=place,
            position_ids=place[None].expand(ids.shape), logits_to_keep=1,
        )  # fmt: skip
        return found.logits[:, -1].argmax(-1, keepdim=True)

    def __call__(self, prompts: Tensor, tokens: int) -> Tensor:
        length = prompts.shape[1]
        if self.cache is None:  # one for all turns: the compiled step knows its tensors by their addresses
            self.cache = transformers.StaticCache(config=self.model.config, max_cache_len=length + tokens)
        cache = self.cache
        cache.reset()
        found = [self._next(prompts, cache, torch.arange(length))]
        for place in range(length, length + tokens - 1):
            found.append(self.step(found[-1], cache, torch.tensor([place])))
        return torch.cat(found, dim=1)


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    torch_steps.settle(chosen["threads"], matmul="highest")
    transformers.logging.set_verbosity_error()
    channel.send(versions=worker.versions("torch", "transformers"))
    channel.receive()
    began = time.perf_counter()
    model = network(chosen["shape"], datasets.load(chosen["weights"]))
    prompts, tokens, variant = torch.tensor(chosen["prompts"]), chosen["tokens"], chosen["variant"]
    loop = None if variant in ("dynamic", "static") else Looped(model, is_frozen=variant == "frozen")
    while True:
        with torch.inference_mode():
            texts = loop(prompts, tokens) if loop else generated(model, prompts, tokens, variant)
        if chosen["mode"] == "texts":
            channel.send(texts=texts.tolist())
            return
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()
        began = time.perf_counter()


if __name__ == "__main__":
    main()
