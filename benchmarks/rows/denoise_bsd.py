"""Row "denoise_bsd": gray images without their noise, by the command line, in half an hour on two cores.

Trained on 360 of the 400 images of Train400 (180 x 180 pixels, ``denoise_bsd`` in ``$LAMINA_DATA``), 40
validate; tested once on the 68 images of BSD68. Noise is Gaussian with σ = 25 levels of 255, drawn with a
fixed seed, neither rounded nor cut off, as DnCNN and FFDNet train and test; what the network gives is rounded
to 8 bits. The figure is the mean over images of the PSNR, once from one pass of the network, and once as the
mean of eight turned and mirrored copies (self-ensemble). ``--valid-only`` leaves BSD68 alone, for tuning.

Published (the same protocol): BM3D 28.57, WNNM 28.83, TNRD 28.92, MLP 28.96, DnCNN 29.23 dB.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import restoring
from benchmarks.restoring import ONE_PASS, TURNED

ROW = "denoise_bsd"
SIGMA, NOISE_SEED = 25.0, 0
KEYS = ["degrade=denoise", f"sigma={SIGMA:g}", "preset=best"]


def denoised(network: Any, noisy: np.ndarray, *, turns: bool) -> np.ndarray:
    """Return an image of 8 bits from a noisy one, float (y, x) in levels."""
    from lamina.tasks.enhance.tiles import improve
    from lamina.tasks.samples.images import as_bytes, as_units

    given = as_units(noisy.astype(np.float32))[..., None]
    return as_bytes(improve(network.objective, network.model, given, turns=turns))[..., 0]


def judged(network: Any, clean: list[np.ndarray]) -> dict[str, tuple[float, str]]:
    """Return the mean PSNR of noisy and denoised images, with and without turned copies."""
    from lamina.objectives.metrics.psnr import psnr

    random = np.random.default_rng(NOISE_SEED)
    found: dict[str, list[float]] = {"noisy": [], ONE_PASS: [], TURNED: []}
    for image in clean:
        noisy = image + SIGMA * random.standard_normal(image.shape)
        found["noisy"].append(psnr(noisy, image))
        for name, turns in ((ONE_PASS, False), (TURNED, True)):
            found[name].append(psnr(denoised(network, noisy, turns=turns), image))
    return {name: (float(np.mean(values)), f"σ {SIGMA:g}, ") for name, values in found.items()}


def main() -> None:
    restoring.run(ROW, __doc__, keys=KEYS, part="bsd68", judge=judged)


if __name__ == "__main__":
    main()
