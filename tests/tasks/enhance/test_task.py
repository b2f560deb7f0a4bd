"""Enhancement from a folder of clean images to better ones in files; trainings are a few steps."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, DataError
from lamina.network import Network
from lamina.objectives.degradations import Gray, Holes, Noise, Reduction
from lamina.tasks.enhance import tiles
from lamina.tasks.enhance.keys import DEGRADATIONS, EnhanceKeys, degradation_of, words_of
from lamina.tasks.enhance.task import EnhanceTask
from lamina.tasks.samples.pairs import PAIRS

QUICK: dict[str, Any] = {
    "task": "enhance", "model": "edsr", "size": 8, "depth": 1, "epochs": 2, "steps_per_epoch": 30,
    "batch_size": 8, "crop": 16, "seed": 0,
}  # fmt: skip


def smooth(count: int, height: int, width: int, channels: int) -> np.ndarray:
    """Images of soft bright disks."""
    random, (y, x) = np.random.default_rng(0), np.mgrid[:height, :width]
    found = np.zeros((count, height, width, channels))
    for row in range(count):
        for _ in range(4):
            middle, radius = random.uniform(0, (height, width)), random.uniform(3, 9)
            disk = np.exp(-((y - middle[0]) ** 2 + (x - middle[1]) ** 2) / radius**2)
            found[row] += disk[..., None] * random.uniform(50, 150, channels)
    return found.clip(0, 255).astype(np.uint8)


def write(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("images") / "clean", smooth(24, 24, 32, 1))


@pytest.fixture(scope="module")
def run(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    keys = [f"{name}={value}" for name, value in QUICK.items() if name != "task"]
    words = ["fit", str(clean), "--task", "enhance", "--out", str(out), "sigma=30", "lr=0.01", *keys]
    assert main(words) == 0
    return out


@pytest.fixture(scope="module")
def denoiser(run: Path) -> Network:
    return lamina.load(run)


@pytest.mark.slow
def test_it_learns_to_remove_noise(denoiser: Network):
    metrics = denoiser.info.valid
    assert metrics is not None and set(metrics) == {"psnr", "ssim", "psnr_before", "ssim_before"}
    assert metrics["psnr"] > metrics["psnr_before"] + 2 and metrics["ssim"] > metrics["ssim_before"]
    assert denoiser.objective.degradation == Noise((30.0,)) and denoiser.objective.crop == 16
    assert denoiser.config["monitor"] == "psnr"


def test_its_report_shows_images_before_and_after(run: Path):
    page = (run / "report.html").read_text()
    assert "removes Gaussian noise of a standard deviation of 30 levels of 255" in page
    for words in ("Before, after, clean", "PSNR before", "it is no evidence of what was there"):
        assert words in page


def test_the_command_improves_an_image(run: Path, clean: Path, tmp_path: Path, capsys: Any):
    out = tmp_path / "better.png"
    assert main(["enhance", str(run), str(clean / "03.png"), "--out", str(out)]) == 0
    with Image.open(out) as better:
        assert better.size == (32, 24) and better.mode == "L"
    folder = tmp_path / "better"
    words = ["enhance", str(run), str(clean), "--degrade", "--turns", "--out", str(folder), "--json"]
    assert main(words) == 0
    assert len(list(folder.glob("*.png"))) == 48 and (folder / "03-degraded.png").exists()
    assert '"after"' in capsys.readouterr().out
    assert main(["enhance", str(run), str(clean), "--out", str(tmp_path / "one.png")]) != 0
    assert "one file holds one image" in capsys.readouterr().err


def test_demonstrations_show_how_much_better_it_is(denoiser: Network, clean: Path):
    found = denoiser.enhance(clean, degrade=True)
    before, after = np.mean(found.psnr, axis=0)
    assert after > before + 2 and len(found) == len(found.before) == 24
    assert "dB before" in "".join(found.shown())


def test_arrays_and_colors(denoiser: Network):
    image = smooth(1, 20, 21, 3)[0]
    color = denoiser.enhance(image)[0]
    assert color.shape == (20, 21, 3) and color.dtype == np.uint8
    planes = [denoiser.enhance(image[..., c])[0][..., 0] for c in range(3)]
    np.testing.assert_array_equal(color, np.stack(planes, axis=-1))


def test_tiles_make_the_same_image_as_the_whole(denoiser: Network, monkeypatch: pytest.MonkeyPatch):
    given = np.random.default_rng(0).uniform(-1, 1, (90, 70, 1)).astype(np.float32)
    whole = tiles.improve(denoiser.objective, denoiser.model, given)
    monkeypatch.setattr(tiles, "LARGEST_WHOLE", 10)
    monkeypatch.setattr(tiles, "TILE", 32)
    monkeypatch.setattr(tiles, "MARGIN", 16)
    parts = tiles.improve(denoiser.objective, denoiser.model, given)
    assert parts.shape == whole.shape == (90, 70, 1)
    # at the edges the whole sees nothing beyond, and tiles its mirror image
    np.testing.assert_allclose(parts[8:80, 8:60], whole[8:80, 8:60], atol=1e-4)


def test_eight_positions_come_back_as_they_were():
    image = np.random.default_rng(0).normal(size=(4, 6, 2)).astype(np.float32)
    pairs = list(tiles._positions(image))
    assert len({there.tobytes() for there, _ in pairs}) == 8
    for there, back in pairs:
        np.testing.assert_array_equal(back(there), image)


# --- other degradations -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, Noise((25.0,))),
        ({"sigma": (5, 50)}, Noise((5.0, 50.0))),
        ({"degrade": "inpaint", "hole": 0.5}, Holes(0.5)),
        ({"degrade": "upscale4"}, Reduction(4)),
        ({"degrade": "colorize"}, Gray()),
    ],
)
def test_keys_name_a_degradation(keys: dict[str, Any], expected: Any):
    assert degradation_of(EnhanceKeys(**keys)) == expected


def test_every_degradation_has_words():
    names = (*DEGRADATIONS, PAIRS)
    assert len({words_of(EnhanceKeys(), name) for name in names}) == len(names)


def test_a_key_of_another_degradation_is_refused(clean: Path):
    with pytest.raises(
        ConfigError, match="key 'hole' belongs to degrade=inpaint; this run's degrade is denoise"
    ):
        lamina.fit(clean, **QUICK, hole=0.3)
    with pytest.raises(ConfigError, match="sigma is out of range"):
        lamina.fit(clean, **QUICK, sigma=(50, 5))


@pytest.mark.slow
def test_twice_as_wide_and_high(clean: Path):
    hardly = {"epochs": 1, "steps_per_epoch": 2, "lr": 1e-6}  # it begins with next to nothing added
    net = lamina.fit(clean, **{**QUICK, **hardly}, degrade="upscale2")
    found = net.enhance(clean / "00.png")
    assert found[0].shape == (48, 64, 1)
    assert net.enhance(clean / "00.png", degrade=True)[0].shape == (24, 32, 1)
    assert net.info.valid is not None
    assert net.info.valid["psnr"] > net.info.valid["psnr_before"] - 10


def test_holes_are_filled_where_a_mask_or_transparency_says(clean: Path, tmp_path: Path):
    net = lamina.fit(clean, **{**QUICK, "epochs": 1, "steps_per_epoch": 2}, degrade="inpaint")
    image, hole = np.asarray(Image.open(clean / "05.png")), np.zeros((24, 32), np.uint8)
    hole[8:12, 10:20] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    Image.merge("LA", [Image.fromarray(image), Image.fromarray(255 - hole)]).save(tmp_path / "open.png")
    for found in (
        net.enhance(clean / "05.png", mask=str(tmp_path / "mask.png"))[0],
        net.enhance(tmp_path / "open.png")[0],
    ):
        np.testing.assert_array_equal(found[..., 0][hole == 0], image[hole == 0])
        assert (found[..., 0][hole > 0] != image[hole > 0]).any()
    with pytest.raises(ConfigError, match="nothing says which pixels are missing"):
        net.enhance(clean / "05.png")
    Image.fromarray(hole[:10]).save(tmp_path / "small.png")
    with pytest.raises(ConfigError, match="the mask has another size than the image"):
        net.enhance(clean / "05.png", mask=str(tmp_path / "small.png"))


def test_colors(tmp_path: Path, clean: Path):
    folder = write(tmp_path / "color", smooth(12, 16, 16, 3))
    net = lamina.fit(folder, **{**QUICK, "epochs": 1, "steps_per_epoch": 2}, degrade="colorize")
    assert net.enhance(clean / "00.png")[0].shape == (24, 32, 3)
    with pytest.raises(DataError, match="the images are gray"):
        lamina.fit(clean, **QUICK, degrade="colorize")


def test_what_it_does_not_take(clean: Path, denoiser: Network):
    with pytest.raises(DataError, match="there are no images"):
        lamina.fit({"a": np.arange(30.0), "b": np.arange(30.0)}, task="enhance")
    with pytest.raises(DataError, match="not one column of images"):
        lamina.fit(clean, target="image", task="enhance")
    with pytest.raises(ConfigError, match="there is nothing to improve"):
        denoiser.enhance()
    with pytest.raises(ConfigError, match="this network fills none"):
        denoiser.enhance(clean, mask="mask.png")
    with pytest.raises(ConfigError, match="has no prediction for a row"):
        denoiser.predict(clean)


def test_files_keep_the_form_asked_for(denoiser: Network, clean: Path):
    found = denoiser.enhance(clean / "00.png")
    with Image.open(io.BytesIO(found.file(".jpg"))) as image:
        assert image.format == "JPEG"
    assert list(dataclasses.replace(found, names=("",)).files()) == ["000001.png"]
    assert EnhanceTask().noun == "image"
