from __future__ import annotations

import dataclasses
import json
import math
import shutil
from pathlib import Path

import pytest
from pytest import CaptureFixture
from tests.faults.artifacts import network

from lamina.cli.main import main
from lamina.models import MODELS
from lamina.network.info import RunInfo
from lamina.ops.native import library
from lamina.runs.lock import Lock


def test_a_run(run: Path, capsys: CaptureFixture[str]):
    assert main(["describe", str(run)]) == 0
    text = capsys.readouterr().out
    assert "multiclass: species" in text and "cat, dog, großer Uhu" in text and "valid (30 rows)" in text
    assert "name (" in text.partition("left out")[2] and max(map(len, text.splitlines())) <= 100
    assert main(["describe", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["labels"] == ["cat", "dog", "großer Uhu"] and found["config"]["size"] == 8
    assert found["inputs"] == {"weight": "numeric", "height": "numeric"}


def test_a_network_of_which_little_is_known(tmp_path: Path, capsys: CaptureFixture[str]):
    info = RunInfo(valid={"auc": None, "accuracy": 0.5}, intervals={"accuracy": (math.nan, math.nan)})
    dataclasses.replace(network(), info=info).save(tmp_path / "net")
    assert main(["describe", "net"]) == 0
    text = capsys.readouterr().out
    assert "0 rows trained, 0 validated" in text and "accuracy          0.5000\n" in f"{text}\n"
    assert main(["describe", "net", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["valid"]["auc"] is None and found["info"]["epochs"] == 0


@pytest.mark.parametrize("name", MODELS)
def test_every_model(name: str, capsys: CaptureFixture[str]):
    assert main(["describe", name]) == 0
    text = capsys.readouterr().out
    assert name in text and MODELS[name].dial in text
    assert main(["describe", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == MODELS[name].size


def test_a_run_without_a_network(run: Path, tmp_path: Path, capsys: CaptureFixture[str]):
    shutil.copytree(run, tmp_path / "r")
    shutil.rmtree(tmp_path / "r" / "network")
    assert main(["describe", "r"]) == 0
    text = capsys.readouterr().out
    assert "stopped before its end" in text and "2 of 2" in text and "lamina resume r" in text
    lock = Lock(tmp_path / "r" / "log.txt")
    assert main(["describe", "r", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "running"
    lock.release()
    (tmp_path / "r" / "metrics.csv").unlink()
    assert main(["describe", "r"]) == 0


def test_neither_run_nor_model(tmp_path: Path, capsys: CaptureFixture[str]):
    assert main(["describe", "tabn"]) == 2
    assert "neither a run nor a model is called 'tabn' (did you mean 'tabm'?)" in capsys.readouterr().err
    assert main(["describe", str(tmp_path)]) == 2
    assert "not a saved network" in capsys.readouterr().err


def test_models(capsys: CaptureFixture[str]):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in MODELS)
    assert main(["models", "tabm*", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["models"]) == {"tabm", "tabm-mini"}
    assert main(["models", "resnet-tabula"]) == 2
    assert "no model is called 'resnet-tabula' (did you mean 'resnet-tabular'?)" in capsys.readouterr().err


def test_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: CaptureFixture[str]):
    monkeypatch.setenv("LAMINA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LAMINA_NATIVE", raising=False)
    (tmp_path / "cache" / "native").mkdir(parents=True)
    (tmp_path / "cache" / "program").write_bytes(bytes(1500))
    (tmp_path / "cache" / "native" / "old.so").write_bytes(bytes(20))
    assert main(["describe", "--system", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cache"] == {
        "folder": str(tmp_path / "cache"),
        "programs": {"files": 1, "bytes": 1500},
        "kernels": {"files": 1, "bytes": 20},
    }
    assert found["cores"] >= 1 and found["memory"] > 1e8 and found["device"].startswith("cpu (")
    assert found["versions"].keys() == {
        "lamina", "python", "jax", "jaxlib", "optax", "numpy", "polars", "safetensors",
    }  # fmt: skip
    kernels = found["kernels"]
    assert sorted(kernels["compiled"] + kernels["not_compiled"]) == sorted(library.KERNELS)
    assert kernels["compiled"] == [] and kernels["state"] == library.status().state

    assert main(["describe", "--system"]) == 0
    text = capsys.readouterr().out
    assert "programs 1.50 kB in 1 file, kernels 20B in 1 file" in " ".join(text.split())
    assert f"polars {found['versions']['polars']}" in " ".join(text.split())
    assert kernels["reason"] in " ".join(text.split())
    written = sorted(path.name for path in (tmp_path / "cache").rglob("*"))
    assert written == ["native", "old.so", "program"], "nothing is compiled only to describe"


def test_compiled_kernels_and_missing_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: CaptureFixture[str]
):
    monkeypatch.setenv("LAMINA_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert main(["describe", "--system"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "kernels no compiler: CXX=no-such-compiler is no program" in text and "not yet" not in text
    compiler = tmp_path / "c++"
    compiler.write_text("")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    path = library.compiled_path("dense")
    assert path is not None
    path.parent.mkdir()
    path.touch()
    assert main(["describe", "--system"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert (
        f"compiled by {compiler}" in text
        and "compiled dense not yet attention, cached_attention, causal_attention, convolution" in text
    )
    monkeypatch.setenv("LAMINA_CACHE", "off")
    assert main(["describe", "--system", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cache"] is None and found["kernels"]["state"] == "no cache"
    assert main(["describe", "--system"]) == 0
    assert "turned off by LAMINA_CACHE=off" in capsys.readouterr().out


def test_one_of_a_run_and_the_system(capsys: CaptureFixture[str]):
    assert main(["describe"]) == 2
    assert "the following arguments are required: RUN|MODEL" in capsys.readouterr().err
    assert main(["describe", "mlp", "--system"]) == 2
    assert "RUN|MODEL and --system do not go together" in capsys.readouterr().err
