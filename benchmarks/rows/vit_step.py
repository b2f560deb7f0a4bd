"""Row "ViT step": width 192, 12 blocks, 3 heads, patches of 4 on 32 x 32 x 3, batch 128, AdamW.

Lamina: the registered ``vit`` by its public `train`. PyTorch: the same blocks by hand with
`scaled_dot_product_attention`, eager and compiled, fused and foreach AdamW, bfloat16 by autocast.
Milliseconds of a step. Quality: test accuracy of three seeds, all with the same initial weights.
"""

from __future__ import annotations

from benchmarks import steps

WIDTH, DEPTH, HEADS, PATCH, SIDE, COLORS = 192, 12, 3, 4, 32, 3


def forward_flops(*, width: int, depth: int, patch: int, side: int, colors: int) -> float:
    """Return the multiplications and additions of one image's products."""
    patches = (side // patch) ** 2
    tokens = patches + 1
    block = 12 * tokens * width**2 + 2 * tokens**2 * width
    return 2.0 * (depth * block + patches * patch**2 * colors * width)


ROW = steps.StepRow(
    name="vit_step",
    shape={
        "kind": "vit",
        "side": SIDE,
        "colors": COLORS,
        "width": WIDTH,
        "depth": DEPTH,
        "heads": HEADS,
        "patch": PATCH,
    },
    recipe={"optimizer": "adamw", "lr": 5e-4, "weight_decay": 0.05},
    flops=forward_flops(width=WIDTH, depth=DEPTH, patch=PATCH, side=SIDE, colors=COLORS),
    variants=("foreach", "fused", "compiled", "max-autotune"),
    steps=4,
    rows=20 * steps.BATCH,
    tolerance=0.02,
)

if __name__ == "__main__":
    steps.run(ROW, __doc__ or "")
