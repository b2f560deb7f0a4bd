"""Reconstruction: rows and images again by each method, codes, errors of columns, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest import CaptureFixture

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, DataError
from lamina.network.network import Network
from lamina.tasks.reconstruct.methods import METHODS

QUICK: dict[str, Any] = {"epochs": 2, "batch_size": 16, "size": 8}


def rows(count: int = 96) -> dict[str, Any]:
    random = np.random.default_rng(0)
    kind = random.integers(0, 3, count)
    return {
        "x": kind * 2.0 + random.normal(size=count) * 0.1,
        "y": random.normal(size=count),
        "kind": np.array(["low", "middle", "high"])[kind].tolist(),
    }


def learned(method: str, data: Any = None, **keys: Any) -> Network:
    data = rows() if data is None else data
    return lamina.fit(data, task="reconstruct", method=method, **{**QUICK, **keys})


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name == "vae" else pytest.mark.slow) for name in METHODS],
)
def network(request: pytest.FixtureRequest) -> Network:
    return learned(request.param)


def test_rows_come_back_with_their_columns(network: Network):
    again = network.reconstruct(rows(5))
    assert len(again) == 5 and list(again.columns) == ["x", "y", "kind"]
    assert set(again.columns["kind"]) <= {"low", "middle", "high"}
    assert np.isfinite(np.asarray(again.columns["x"], float)).all()


def test_each_row_has_a_code(network: Network, tmp_path: Path):
    codes = network.embed(rows(5))
    assert codes.shape[0] == 5 and codes.shape[1] > 0 and np.isfinite(codes).all()
    network.save(tmp_path / "net")
    np.testing.assert_allclose(lamina.load(tmp_path / "net").embed(rows(5)), codes, rtol=1e-6)


def test_it_is_measured_on_held_out_rows(network: Network):
    assert network.info.valid and all(np.isfinite(value) for value in network.info.valid.values())


def test_it_learns_what_goes_together():
    trained = learned("autoencoder", epochs=150, latent=2, lr=0.01)
    again = trained.reconstruct(rows())
    right = np.mean(np.asarray(again.columns["kind"]) == np.asarray(rows()["kind"]))
    assert right > 0.9 and np.corrcoef(again.columns["x"], rows()["x"])[0, 1] > 0.9


def test_what_a_method_has_not_is_refused():
    with pytest.raises(ConfigError, match="belongs to method=vae"):
        learned("sparse", beta=2.0)
    with pytest.raises(ConfigError, match="belongs to method=denoising or method=masked"):
        learned("vae", hidden_share=0.2)
    with pytest.raises(DataError, match="has no target"):
        lamina.fit(rows(), target="kind", task="reconstruct", **QUICK)


@pytest.mark.slow
def test_images_by_the_command_line(tmp_path: Path, capsys: CaptureFixture[str]):
    images = np.random.default_rng(0).integers(0, 256, (48, 8, 8, 1), dtype=np.uint8)
    data, run, out = tmp_path / "images.npz", tmp_path / "run", tmp_path / "again.npz"
    np.savez(data, X=images)
    keys = [f"{name}={value}" for name, value in QUICK.items()]
    assert main(["fit", str(data), "--task", "reconstruct", "--out", str(run), *keys]) == 0
    report = (run / "report.html").read_text()
    assert "Reconstructions" in report and "Map of the codes" in report
    assert main(["reconstruct", str(run), str(data), "--out", str(out)]) == 0
    with np.load(out) as found:
        assert found["images"].shape == images.shape
    capsys.readouterr()
    assert main(["embed", str(run), str(data), "--out", str(tmp_path / "codes.npy")]) == 0
    assert np.load(tmp_path / "codes.npy").shape[0] == len(images)
