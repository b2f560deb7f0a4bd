"""``bad=skip``: rows with an image that cannot be read are left out, listed, and the rest goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pytest import CaptureFixture, MonkeyPatch

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, DataError, LaminaWarning
from lamina.data import read
from lamina.network import prepare
from lamina.runs.resume import resume
from lamina.runs.start import start_run
from lamina.train.loop.callbacks import Callback

QUICK: dict[str, Any] = {"model": "lenet", "size": 4, "preset": "fast", "epochs": 2}
PIXELS = np.random.default_rng(0).integers(0, 256, (60, 12, 12), dtype=np.uint8)
WORDS = ["model=lenet", "size=4", "preset=fast", "epochs=2"]


def write_pets(root: Path) -> Path:
    """Sixty images of two classes, seven of them damaged: cut short, empty, and no images at all."""
    for number, pixels in enumerate(PIXELS):
        path = root / ("cat", "dog")[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    for number in (0, 2, 4):
        cut = root / "cat" / f"{number:02d}.png"
        cut.write_bytes(cut.read_bytes()[:70])
    (root / "dog" / "01.png").write_bytes(b"")
    for number in (3, 5, 7):
        (root / "dog" / f"{number:02d}.png").write_bytes(b"<html>")
    return root


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)
    write_pets(tmp_path / "pets")
    return Path("pets")


SAID = (
    "7 of 60 rows left out: pets/cat/00.png (it is cut short), pets/cat/02.png (it is cut short), "
    "pets/cat/04.png (it is cut short), pets/dog/01.png (the file is empty), "
    "pets/dog/03.png (this is no image) and 2 more"
)


def test_without_it_the_run_is_refused(pets: Path):
    with pytest.raises(DataError, match="7 of 60 images cannot be read"):
        lamina.fit(pets, **QUICK)
    with pytest.raises(ConfigError, match="bad is out of range; expected one of refuse, skip, got 'drop'"):
        lamina.fit(pets, **QUICK, bad="drop")


def test_a_run_goes_on_without_them_and_lists_them(pets: Path, capsys: CaptureFixture[str]):
    assert main(["fit", "pets", "--out", "run", "bad=skip", *WORDS]) == 0
    assert f"warning: pets: {SAID}\n" in capsys.readouterr().out
    log = Path("run/log.txt").read_text()
    assert all(f"pets/dog/{n:02d}.png (this is no image)" in log.split("all of them:")[1] for n in (3, 5, 7))
    network = lamina.load("run")
    assert sum(network.info.rows.values()) == 53
    assert network.config["bad"] == "skip"


def test_the_same_rows_are_left_as_if_the_others_had_never_been(pets: Path):
    with pytest.warns(LaminaWarning, match="7 of 60 rows left out"):
        skipped = lamina.fit(pets, **QUICK, bad="skip")
    for path in [*pets.glob("*/*.png")]:
        if int(path.stem) in (0, 1, 2, 3, 4, 5, 7):
            path.unlink()
    clean = lamina.fit(pets, **QUICK)
    assert skipped.history == clean.history
    assert np.array_equal(skipped.predict_proba(pets), clean.predict_proba(pets))


def test_the_audit_lists_them_and_json_has_all(pets: Path, capsys: CaptureFixture[str]):
    assert main(["check", "pets"]) == 2
    capsys.readouterr()
    assert main(["check", "pets", "bad=skip"]) == 0
    assert f"warning: pets: {SAID}\n" in capsys.readouterr().out
    assert main(["check", "pets", "bad=skip", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (one,) = [finding for finding in found["findings"] if finding["code"] == "rows-left-out"]
    assert one["message"] == SAID and len(one["details"]) == 7 and found["rows"] == 53
    audit = lamina.check(pets, bad="skip")
    assert not audit.errors and len(audit.warnings[0].details) == 7


def test_nothing_is_said_where_all_are_whole(pets: Path):
    for path in [*pets.glob("*/*.png")]:
        Image.fromarray(PIXELS[int(path.stem)]).save(path)
    assert [f.code for f in lamina.check(pets, bad="skip").findings if f.code == "rows-left-out"] == []


def test_where_no_image_is_whole_the_audit_says_so(pets: Path):
    for path in pets.glob("*/*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="60 of 60 images cannot be read"):
        lamina.fit(pets, **QUICK, bad="skip")


def test_a_class_whose_images_are_all_damaged_is_none(pets: Path):
    for number in range(3):
        (pets / "eel").mkdir(exist_ok=True)
        (pets / "eel" / f"{number}.png").write_bytes(b"")
    with pytest.warns(LaminaWarning, match="10 of 63 rows left out"):
        assert lamina.fit(pets, **QUICK, bad="skip").labels == ("cat", "dog")


def test_a_table_of_paths(pets: Path):
    """Rows keep their lines, also in what is said of them."""
    rows = [f"pets/{('cat', 'dog')[i % 2]}/{i:02d}.png,{'ab'[i % 2]}" for i in range(60)]
    Path("t.csv").write_text("\n".join(["file,y", *rows, "pets/cat/99.png,a", ",b"]) + "\n")
    audit = lamina.check("t.csv", "y", bad="skip")
    assert not audit.errors and audit.rows == 53
    assert audit.warnings[0].message.startswith("9 of 62 rows left out: pets/cat/00.png (it is cut short), ")
    assert audit.warnings[0].details[-2:] == (
        "t.csv, line 62: pets/cat/99.png (no such file)",
        "t.csv, line 63 (no file is named)",
    )
    plan = prepare(read("t.csv"), target="y", keys={**QUICK, "bad": "skip"})
    kept = np.sort(np.concatenate([plan.data.split.train, plan.data.split.valid]))
    assert [plan.data.table.line(int(row)) for row in kept[:4]] == [8, 10, 11, 12]


def test_test_images_of_their_own(pets: Path):
    write_pets(Path("more"))
    audit = lamina.check(pets, bad="skip", test_data="more")
    assert [f.message.split(":")[0] for f in audit.warnings if f.code == "rows-left-out"] == [
        "7 of 60 rows left out"
    ] * 2
    with pytest.warns(LaminaWarning):
        network = lamina.fit(pets, **QUICK, bad="skip", test_data="more")
    assert network.info.rows["test"] == 53
    with pytest.raises(DataError, match="7 of 60 images cannot be read"):
        lamina.fit("whole" if write_whole(Path("whole")) else "", **QUICK, test_data="more")


def test_test_data_without_images_are_an_error_of_the_audit(pets: Path):
    Path("t.csv").write_text("image,label\n1,cat\n2,dog\n")
    errors = lamina.check(pets, bad="skip", test_data="t.csv").errors
    assert [error.code for error in errors] == ["no-images"]


def write_whole(root: Path) -> bool:
    for number, pixels in enumerate(PIXELS):
        path = root / ("cat", "dog")[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return True


def test_masks_and_their_images(pets: Path):
    """A row goes with its image or with its mask."""
    random = np.random.default_rng(1)
    for number in range(30):
        mask = np.zeros((16, 16), np.uint8)
        mask[4:12, 3 : 6 + number % 8] = 1
        image = (60 + 120 * mask + random.integers(0, 40, mask.shape)).astype(np.uint8)
        for folder, pixels in (("images", image), ("masks", mask)):
            Path("spots", folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(Path("spots", folder, f"{number:02d}.png"))
    for place in ("images/03.png", "images/04.png", "masks/04.png", "masks/05.png"):
        Path("spots", place).write_bytes(b"<html>")
    with pytest.raises(DataError, match="cannot be read"):
        lamina.fit("spots", target="mask", size=4, depth=1, epochs=1)
    with pytest.warns(LaminaWarning, match=r"3 of 30 rows left out: spots/images/03.png \(this is no"):
        network = lamina.fit("spots", target="mask", size=4, depth=1, epochs=1, bad="skip")
    assert sum(network.info.rows.values()) == 27
    details = lamina.check("spots", "mask", bad="skip").warnings[0].details
    assert details[1] == "spots/images/04.png (this is no image), spots/masks/04.png (this is no image)"
    assert details[2] == "spots/images/05.png: spots/masks/05.png (this is no image)"


class Killed(BaseException):
    """What kill -9 looks like to the files: nothing more is written."""


class AtSecondChunk(Callback):
    """Kill the run at its second chunk."""

    seen = 0

    def on_chunk_end(self, step: int, run: Any) -> None:
        self.seen += 1
        if self.seen == 2:
            raise Killed


@pytest.mark.parametrize("layout", ["folder", "table"])
def test_a_resumed_run_leaves_the_same_rows_out(pets: Path, layout: str):
    source, target = "pets", "label"
    if layout == "table":
        rows = [f"pets/{('cat', 'dog')[i % 2]}/{i:02d}.png,{'ab'[i % 2]}" for i in range(60)]
        Path("t.csv").write_text("\n".join(["file,y", *rows, "pets/cat/99.png,a"]) + "\n")
        source, target = "t.csv", "y"
    keys = {**QUICK, "bad": "skip", "checkpoint_every": 1, "chunk": 1, "epochs": 4}
    start_run(read(source), target=target, keys=keys, out="whole")
    with pytest.raises(Killed):
        start_run(read(source), target=target, keys=keys, out="run", callbacks=[AtSecondChunk()])
    assert resume("run") is not None
    for file in ("model.safetensors", "schema.json"):
        assert Path("run/network", file).read_bytes() == Path("whole/network", file).read_bytes()


def test_a_damaged_image_that_was_replaced_is_a_change_of_the_data(pets: Path):
    keys = {**QUICK, "bad": "skip", "checkpoint_every": 1, "chunk": 1}
    with pytest.raises(Killed):
        start_run(read("pets"), target="label", keys=keys, out="run", callbacks=[AtSecondChunk()])
    Image.fromarray(PIXELS[0]).save(pets / "cat" / "00.png")
    with pytest.raises(DataError, match="changed since the run began"):
        resume("run")


def test_predictions_refuse_an_image_that_cannot_be_read(pets: Path, capsys: CaptureFixture[str]):
    """A row without an answer would be taken for one; so the file is named, and nothing is written."""
    assert main(["fit", "pets", "--out", "run", "bad=skip", *WORDS]) == 0
    for words in (["predict", "run", "pets", "--out", "p.csv"], ["evaluate", "run", "pets"]):
        capsys.readouterr()
        assert main(words) == 2
        said = capsys.readouterr().err
        assert "7 of 60 images cannot be read: pets/cat/00.png (it is cut short)" in said
        assert "fix: replace these files by whole images, or remove them" in said
    assert not Path("p.csv").exists()
