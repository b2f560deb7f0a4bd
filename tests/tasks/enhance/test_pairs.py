"""Pairs of degraded and clean images: from two folders to a network that undoes what was done to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lamina
from lamina.cli.main import main
from lamina.core.errors import ArtifactError, ConfigError, DataError
from lamina.core.inputs import ImageSampleInputs
from lamina.data import read
from lamina.network import Network
from lamina.objectives.degradations import Pairs
from lamina.tasks.samples.pairs import PairSpace, PairStream, check_sizes
from lamina.tasks.samples.spaces import restore_space

SHIFT = 40  # levels by which degraded images are darker
QUICK: dict[str, Any] = {
    "model": "edsr", "size": 8, "depth": 1, "epochs": 2, "steps_per_epoch": 30, "batch_size": 8, "crop": 16,
    "lr": 0.01, "seed": 0,
}  # fmt: skip


def images(count: int, height: int = 20, width: int = 28) -> np.ndarray:
    """Stripes of random directions and colors, uint8 (n, y, x, 3), at least `SHIFT` bright."""
    random, (y, x) = np.random.default_rng(0), np.mgrid[:height, :width]
    waves = [np.sin(random.uniform(0.2, 0.8) * y + random.uniform(0.2, 0.8) * x) for _ in range(count)]
    colors = random.uniform(0.5, 1.0, (count, 1, 1, 3))
    return (SHIFT + 60 + 50 * np.stack(waves)[..., None] * colors).astype(np.uint8)


def write(root: Path, clean: np.ndarray, degraded: np.ndarray) -> Path:
    for name, own in (("clean", clean), ("degraded", degraded)):
        (root / name).mkdir(parents=True)
        for number, image in enumerate(own):
            Image.fromarray(image).save(root / name / f"{number:02}.png")
    return root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clean = images(24)
    return write(tmp_path_factory.mktemp("pairs") / "pairs", clean, clean - np.uint8(SHIFT))


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    keys = [f"{name}={value}" for name, value in QUICK.items()]
    assert main(["fit", str(folder), "--out", str(out), *keys]) == 0
    return out


@pytest.fixture(scope="module")
def brightener(run: Path) -> Network:
    return lamina.load(run)


def test_it_learns_what_was_done(brightener: Network, folder: Path):
    metrics = brightener.info.valid
    assert metrics is not None and metrics["psnr"] > metrics["psnr_before"] + 5
    assert metrics["psnr_before"] == pytest.approx(20 * np.log10(255 / SHIFT), abs=0.1)
    assert brightener.objective.degradation == Pairs(3, 3) and brightener.target.names == ("clean",)
    found = brightener.evaluate(folder)
    assert found["psnr"] > found["psnr_before"] + 5


def test_its_report_says_what_it_does(run: Path):
    page = (run / "report.html").read_text()
    assert "undoes what was done to the images of the pairs" in page and "Before, after, clean" in page
    assert "degraded in another manner than the pairs" in page


def test_degraded_images_alone_are_improved(brightener: Network, folder: Path, tmp_path: Path):
    better = brightener.enhance(folder / "degraded")
    clean = images(24).astype(float)
    error = np.abs(np.stack(better.images).astype(float) - clean).mean()
    assert error < SHIFT / 2 and brightener.enhance(folder)[3].shape == (20, 28, 3)
    with pytest.raises(ConfigError, match="the network learned from pairs"):
        brightener.enhance(folder, degrade=True)
    with pytest.raises(DataError, match="column of images 'clean' is absent"):
        brightener.evaluate(folder / "degraded")


def test_keys_of_degradations_do_not_suit_pairs(folder: Path):
    with pytest.raises(ConfigError, match="pairs of images are degraded already; got degrade=inpaint"):
        lamina.fit(folder, task="enhance", degrade="inpaint", **QUICK)
    with pytest.raises(ConfigError, match="key 'sigma' belongs to degrade=denoise"):
        lamina.fit(folder, sigma=(10,), **QUICK)


def test_a_table_of_paths_names_its_clean_column(folder: Path, tmp_path: Path):
    lines = [f"{folder}/degraded/{n:02}.png,{folder}/clean/{n:02}.png" for n in range(24)]
    (tmp_path / "pairs.csv").write_text("photo,wanted\n" + "\n".join(lines))
    few = {**QUICK, "epochs": 1, "steps_per_epoch": 2}
    net = lamina.fit(tmp_path / "pairs.csv", task="enhance", target="wanted", **few)
    assert net.target.names == ("wanted",) and net.schema.inputs[0].name == "photo"


# --- what is wrong with pairs -----------------------------------------------------------------------


def test_two_sizes_in_a_pair(tmp_path: Path):
    root = write(tmp_path / "pairs", images(12), images(12))
    Image.fromarray(images(1, 10, 14)[0]).save(root / "degraded" / "03.png")
    said = "the images of 1 pair differ in size; expected 20x28 pixels, as the clean image, got 10x14 pixels"
    with pytest.raises(DataError, match=said):
        lamina.fit(root, **QUICK)
    with pytest.raises(DataError, match="differ in size"):
        check_sizes(read(str(root)), "image", "clean")


def test_equal_images_and_unreadable_ones(tmp_path: Path, capsys: Any):
    same = write(tmp_path / "same", images(12), images(12))
    with pytest.raises(DataError, match="every degraded image equals its clean one"):
        lamina.fit(same, **QUICK)
    clean = images(12)
    degraded = clean - np.uint8(SHIFT)
    degraded[4] = clean[4]
    some = write(tmp_path / "some", clean, degraded)
    main(["check", str(some)])
    assert "1 pair of two equal images" in capsys.readouterr().out
    (some / "clean" / "07.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="1 clean image absent or not readable"):
        lamina.fit(some, **QUICK)


# --- the space --------------------------------------------------------------------------------------


def test_the_middle_of_large_images_is_learned_from_pixel_by_pixel(tmp_path: Path):
    large, small = images(6, 40, 50), images(6, 20, 30)
    root = write(tmp_path / "pairs", large, large - np.uint8(SHIFT))
    for number, image in enumerate(small):
        for name, own in (("clean", image), ("degraded", image - np.uint8(SHIFT))):
            Image.fromarray(own).save(root / name / f"x{number}.png")
    table = read(str(root))
    rows = np.arange(12)
    space = PairSpace.fit(table, "image", "clean", rows)
    assert (space.height, space.width, space.channels, space.given_channels) == (20, 30, 3, 3)
    assert space.inputs(0) == ImageSampleInputs(20, 30, 3)
    pairs: Any = space.arrays(None, table)
    np.testing.assert_array_equal(pairs[0, ..., :3], large[0, 10:30, 10:40])
    np.testing.assert_array_equal(pairs[..., :3] - pairs[..., 3:], SHIFT)
    wide = PairSpace(30, 30, 3, 1, "image", "clean")
    mirrored: Any = wide.sampled(None, table)
    assert mirrored.shape == (12, 30, 30, 4)
    np.testing.assert_array_equal(mirrored[6, :5, :, :3], small[0, 4::-1])


def test_pairs_that_memory_does_not_hold_are_streamed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    table = read(str(folder))
    space = PairSpace.fit(table, "image", "clean", np.arange(24))
    whole: Any = space.arrays(None, table)
    monkeypatch.setattr("lamina.data.images.files.most_kept", lambda: 1000)
    stream = space.arrays(None, table, np.arange(10, 20))
    assert isinstance(stream, PairStream) and stream.shape == (10, 20, 28, 6)
    np.testing.assert_array_equal(stream.take(np.array([3, 1])), whole[[13, 11]])


def test_stored_and_restored():
    space = PairSpace(20, 30, 1, 3, "image", "clean")
    assert restore_space(space.to_json(), "space") == space
    with pytest.raises(ArtifactError, match="given_channels"):
        restore_space({**space.to_json(), "given_channels": "3"}, "space")
