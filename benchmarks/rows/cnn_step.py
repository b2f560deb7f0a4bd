"""Row "CNN step": 3 x 3 kernels, 32-64-128-256 channels, 64 x 64 x 3, batch 128, SGD with momentum.

Each stage is convolution, batch normalization, ReLU; 2 x 2 maxima between the stages, the mean over space
and a weighted sum to ten outputs behind them. Lamina by its public `train`; PyTorch eager and compiled,
channels last (and first), fused and foreach SGD, bfloat16 by autocast; Keras on JAX, the steps of a turn in
one call. Milliseconds of a step. Quality: test accuracy of three seeds, all with the same initial weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import steps

CHANNELS, SIDE, COLORS = (32, 64, 128, 256), 64, 3


def forward_flops(side: int, colors: int, channels: Sequence[int]) -> float:
    """Return the multiplications and additions of the convolutions of one image."""
    widths = zip((colors, *channels), channels, strict=False)
    return sum(2.0 * (side >> level) ** 2 * 9 * i * o for level, (i, o) in enumerate(widths))


ROW = steps.StepRow(
    name="cnn_step",
    shape={"kind": "cnn", "side": SIDE, "colors": COLORS, "channels": CHANNELS},
    recipe={"optimizer": "momentum", "lr": 0.05},
    flops=forward_flops(SIDE, COLORS, CHANNELS),
    variants=("foreach", "fused", "fused, channels first", "compiled", "max-autotune"),
    keras=True,
    steps=10,
    rows=40 * steps.BATCH,
    tolerance=0.02,
)

if __name__ == "__main__":
    steps.run(ROW, __doc__ or "")
