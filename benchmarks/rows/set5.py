"""Row "set5": images twice as wide and high, by the command line, in half an hour on two cores.

Trained on 360 of the 400 gray images of Train400 (``denoise_bsd`` in ``$LAMINA_DATA``), 40 validate; tested
once on the luminance of the five images of Set5: cut to even sides, reduced by bicubic interpolation with
anti-aliasing, enlarged by the network, two pixels of the border left out. The figures are means over the
images, of one pass and of the mean of eight turned and mirrored copies. ``--valid-only`` leaves Set5 alone.

Published (the same protocol): bicubic 33.66 / .9299, TNRD 36.86 / .9556, VDSR 37.53 / .9587 dB / SSIM.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import restoring
from benchmarks.restoring import ONE_PASS, TURNED

ROW = "set5"
FACTOR = 2
KEYS = [f"degrade=upscale{FACTOR}", "preset=best"]


def judged(network: Any, color: list[np.ndarray]) -> dict[str, tuple[float, str]]:
    """Return mean PSNR and SSIM of enlarged luminance: bicubic, one pass, eight turned copies."""
    from lamina.objectives.metrics.psnr import luminance, psnr, without_border
    from lamina.objectives.metrics.ssim import ssim
    from lamina.tasks.enhance.tiles import improve
    from lamina.tasks.samples.images import as_bytes, as_units

    degradation = network.objective.degradation
    found: dict[str, list[tuple[float, float]]] = {}
    for image in color:
        y = np.rint(luminance(image))[
            : image.shape[0] // FACTOR * FACTOR, : image.shape[1] // FACTOR * FACTOR
        ]
        given = np.asarray(degradation.degrade(as_units(y.astype(np.float32))[None, ..., None], key=0))
        made = {"bicubic": np.asarray(degradation.start(given))[0]}
        for name, turns in ((ONE_PASS, False), (TURNED, True)):
            made[name] = improve(network.objective, network.model, given[0], turns=turns)
        for name, own in made.items():
            levels = as_bytes(own)[..., 0].astype(np.float64)
            cut = (without_border(levels, FACTOR), without_border(y, FACTOR))
            alike = float(ssim(*(part[None, ..., None] for part in cut))[0])
            found.setdefault(name, []).append((psnr(levels, y, border=FACTOR), alike))
    means = {name: np.mean(values, axis=0).tolist() for name, values in found.items()}
    return {name: (decibels, f"SSIM {alike:.4f}, ") for name, (decibels, alike) in means.items()}


def main() -> None:
    restoring.run(ROW, __doc__, keys=KEYS, part="set5", judge=judged)


if __name__ == "__main__":
    main()
