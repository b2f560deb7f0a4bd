"""Row "input pipeline": a folder of JPEGs of mixed sizes, decoded by one thread and by one a core.

Images are seeded noise and shapes in ten class folders of a temporary folder. Measured are images per
second of decoding to the network's size (every file in the page cache), the seconds from the path to a
resident array, heads, survey and encoder included, and how long the second look at the same files takes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks import machine, record, spread
from lamina.data.images import files
from lamina.data.images.decode import decoded, read_head
from lamina.data.images.threads import in_threads
from lamina.data.source import read
from lamina.modalities.image.encoder import ImageEncoder
from lamina.modalities.image.target_size import choose_canvas

CLASSES, IMAGES = 10, 10_000
SMALLEST, LARGEST = 160, 640  # pixels of a side, drawn evenly in the logarithm
ROW = "input_pipeline"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=IMAGES, help="how many (default %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="counted runs each (default %(default)s)")
    parser.add_argument("--size", type=int, default=None, help="side of the square, else by rule")
    parser.add_argument("--quick", action="store_true", help="200 images, two runs: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.images, arguments.runs = 200, 2
    return arguments


def image(random: np.random.Generator) -> Image.Image:
    """Return soft colors with shapes and noise on them, which JPEG compresses about as photographs."""
    height, width = np.exp(random.uniform(np.log(SMALLEST), np.log(LARGEST), 2)).astype(int).tolist()
    coarse = random.integers(0, 256, (max(2, height // 32), max(2, width // 32), 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        left, top = random.integers(0, width), random.integers(0, height)
        box = [left, top, left + random.integers(8, width // 2), top + random.integers(8, height // 2)]
        shape = draw.ellipse if random.integers(2) else draw.rectangle
        shape([int(side) for side in box], fill=tuple(random.integers(0, 256, 3).tolist()))
    noise = random.normal(0, 8, (height, width, 1))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def make(root: Path, count: int) -> int:
    """Write the images in class folders and return their bytes."""
    random = np.random.default_rng(0)
    for number in range(count):
        folder = root / f"class-{number % CLASSES}"
        folder.mkdir(exist_ok=True)
        image(random).save(folder / f"{number:05d}.jpg", quality=85)
    return sum(path.stat().st_size for path in root.rglob("*.jpg"))


def decode_all(paths: list[str], canvas, threads: int) -> float:
    """Return the images per second of decoding by so many threads; heads are known before."""
    facts = [read_head(path) for path in paths]
    result = np.empty((len(paths), canvas.height, canvas.width, canvas.channels), np.uint8)

    def fill(row: int) -> None:
        with open(paths[row], "rb") as stream:
            result[row] = decoded(stream.read(), canvas, facts[row].turn)

    began = time.perf_counter()
    in_threads(fill, len(paths), threads=threads)
    return len(paths) / (time.perf_counter() - began)


def to_array(root: str, size: int | None) -> tuple[float, float]:
    """Return the seconds from the path to the array as a fit goes, and those of its second look."""
    began = time.perf_counter()
    table = read(root)
    canvas = choose_canvas(table.column("image").images, size)
    table.column("image").images.survey(canvas)
    encoder = ImageEncoder.fit(table, "image", image_size=size)
    encoder.transform(table)
    first = time.perf_counter() - began
    encoder.transform(table)
    return first, time.perf_counter() - began - first


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    watch = machine.Watch()
    with tempfile.TemporaryDirectory() as name:
        size = make(Path(name), arguments.images)
        table = read(name)
        canvas = choose_canvas(table.column("image").images, arguments.size)
        paths = [table.column("image").images.name(row) for row in range(table.height)]
        note = (
            f"{len(paths)} JPEGs, {size / 1e6:.0f} MB, to {canvas}; kept up to {files.most_kept() >> 20} MiB"
        )
        counts = dict.fromkeys((1, machine.cores()))
        rates: dict[int, list[float]] = {threads: [] for threads in counts}
        arrays: list[tuple[float, float]] = []
        for turn in range(arguments.runs + 1):  # the first fills the page cache
            for threads in counts:
                rate = decode_all(paths, canvas, threads)
                rates[threads] += [rate] if turn else []
            arrays += [to_array(name, arguments.size)] if turn else []
    lines = [
        record.Line(ROW, "lamina", f"decoding, {threads} threads", "images/s", note=note,
                    **record.timed(spread.spread(found)))
        for threads, found in rates.items()
    ]  # fmt: skip
    for index, variant in enumerate(("from the path to the array", "the array once more")):
        seconds = spread.spread([pair[index] for pair in arrays])
        lines.append(record.Line(ROW, "lamina", variant, "s", note=note, **record.timed(seconds)))
    record.keep(lines, arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
