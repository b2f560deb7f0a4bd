"""Row "set5": images twice as wide and high, by the command line, in half an hour on two cores.

Trained on 360 of the 400 gray images of Train400 (``denoise_bsd`` in ``$LAMINA_DATA``), 40 validate; tested
once on the luminance of the five images of Set5: cut to even sides, reduced by bicubic interpolation with
anti-aliasing, enlarged by the network, two pixels of the border left out. The figures are means over the
images, of one pass and of the mean of eight turned and mirrored copies. ``--valid-only`` leaves Set5 alone.

Published (the same protocol): bicubic 33.66 / .9299, TNRD 36.86 / .9556, VDSR 37.53 / .9587 dB / SSIM.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, record, restoring

ROW = "set5"
FACTOR = 2
KEYS = [f"degrade=upscale{FACTOR}", "preset=best"]


def judged(network: Any, color: list[np.ndarray]) -> dict[str, tuple[float, float]]:
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
        for name, turns in (("one pass", False), ("eight turned copies", True)):
            made[name] = improve(network.objective, network.model, given[0], turns=turns)
        for name, own in made.items():
            levels = as_bytes(own)[..., 0].astype(np.float64)
            cut = (without_border(levels, FACTOR), without_border(y, FACTOR))
            alike = float(ssim(*(part[None, ..., None] for part in cut))[0])
            found.setdefault(name, []).append((psnr(levels, y, border=FACTOR), alike))
    return {name: tuple(np.mean(values, axis=0).tolist()) for name, values in found.items()}


def main() -> None:
    import lamina
    from lamina.core import runtime

    asked = restoring.arguments(__doc__)
    idle = machine.is_idle(force=asked.force, wait=asked.wait)
    with tempfile.TemporaryDirectory() as name:
        table = restoring.lay_out(Path(name))
        out, seconds = asked.network or asked.keep or Path(name) / "run", 0.0
        if asked.network is None:
            seconds = restoring.fit(table, out, asked, KEYS)
        runtime.start()
        network = lamina.load(out)
        valid = network.info.valid["psnr"]
        machine.say(f"{network}\nvalidation: {valid:.3f} dB")
        if asked.valid_only:
            return
        found = judged(network, restoring.images(Path(name), "set5"))
    for what, (decibels, alike) in found.items():
        machine.say(f"Set5 x {FACTOR}, {what}: {decibels:.3f} dB, SSIM {alike:.4f}")
    lines = [
        record.Line(ROW, "lamina", f"{network.model_name}, {what}", "s", seconds, quality=found[what][0],
                    seeds=str(asked.seed), note=f"SSIM {found[what][1]:.4f}, validation {valid:.3f} dB")
        for what in ("one pass", "eight turned copies")
    ]  # fmt: skip
    record.keep(lines, asked, idle=idle)


if __name__ == "__main__":
    main()
