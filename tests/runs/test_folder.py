from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lamina.core.errors import ConfigError, RunLockedError
from lamina.runs.folder import (
    RunFolder,
    check_free,
    clear_leftovers,
    make_folder,
    make_numbered_folder,
    run_name,
)
from lamina.runs.lock import Lock, is_locked


def test_a_folder_is_made_with_its_parents_and_locked(tmp_path: Path):
    with make_folder(tmp_path / "a" / "run") as folder:
        assert folder.path.is_dir() and is_locked(folder.log)
    assert not is_locked(folder.log)


def test_an_empty_folder_is_taken(tmp_path: Path):
    with make_folder(tmp_path) as folder:
        assert folder.path == tmp_path


def test_what_lies_there_is_never_touched(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="already exists, and nothing is ever overwritten"):
        make_folder(tmp_path)
    with pytest.raises(ConfigError, match="already exists"):
        make_folder(tmp_path / "mine.txt")
    assert [item.name for item in tmp_path.iterdir()] == ["mine.txt"]


def test_a_run_that_exists_names_the_way_on(tmp_path: Path):
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(ConfigError, match=f"lamina resume {tmp_path}"):
        check_free(tmp_path)


def test_a_place_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be made \(Not a directory\)"):
        make_folder(tmp_path / "file" / "run")
    with pytest.raises(ConfigError, match="cannot be made"):
        make_numbered_folder(tmp_path / "file", "a")


def test_numbers_go_on_after_the_largest(tmp_path: Path):
    for name in ("wine-mlp-2", "wine-mlp-9", "wine-mlp-x", "wine-mlp-extra-30", "other-40"):
        (tmp_path / name).mkdir()
    with make_numbered_folder(tmp_path, "wine-mlp") as folder:
        assert folder.path.name == "wine-mlp-10"


def test_many_at_once_get_a_folder_each(tmp_path: Path):
    folders: list[RunFolder] = []
    threads = [
        threading.Thread(target=lambda: folders.append(make_numbered_folder(tmp_path, "a")))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {folder.path.name for folder in folders} == {f"a-{n}" for n in range(1, 17)}
    for folder in folders:
        folder.__exit__(None, None, None)


def test_another_process_is_kept_out_until_the_first_has_gone(tmp_path: Path):
    script = (
        "import sys; from lamina.runs.folder import RunFolder; f = RunFolder(sys.argv[1]); "
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        with pytest.raises(RunLockedError, match="in use by another process") as caught:
            RunFolder(tmp_path)
        assert caught.value.exit_code == 2
        with pytest.raises(RunLockedError):
            check_free(tmp_path)
        other.kill()
    RunFolder(tmp_path).__exit__(None, None, None)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}


def test_a_lock_is_one_at_a_time(tmp_path: Path):
    first = Lock(tmp_path / "log.txt")
    with pytest.raises(BlockingIOError):
        Lock(tmp_path / "log.txt")
    first.release()
    first.release()
    Lock(tmp_path / "log.txt").release()
    assert not is_locked(tmp_path / "absent")


def test_what_a_killed_process_left_is_cleared(tmp_path: Path):
    for place in (tmp_path, tmp_path / "checkpoints", tmp_path / "checkpoints" / "network-1"):
        (place / ".pending-999999999-step").mkdir(parents=True)
    with RunFolder(tmp_path) as folder:
        assert len(clear_leftovers(folder)) == 3
    assert not list(tmp_path.glob("**/.pending-*"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/b/houses.csv", "houses-mlp"),
        ("houses.csv.gz", "houses-mlp"),
        ("<arrays>", "arrays-mlp"),
        ("über uns.csv", "ber-uns-mlp"),
        ("../..", "data-mlp"),
        ("日本.csv", "data-mlp"),
        ("x" * 300 + ".csv", "x" * 40 + "-mlp"),
    ],
)
def test_names(source: str, name: str):
    assert run_name(source, "mlp") == name
