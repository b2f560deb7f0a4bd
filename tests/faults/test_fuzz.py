"""A few altered inputs for each target; many more by ``python -m tests.faults.fuzz_drive``."""

from __future__ import annotations

import contextlib
import io
import json
import mmap
import random
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.faults import fuzz_drive, fuzz_mutate
from tests.faults.fuzz_targets import TARGETS, Target

from lamina.core.errors import ArtifactError
from lamina.runs.record import read_record

pytestmark = [pytest.mark.faults, pytest.mark.filterwarnings("ignore")]

GOOD = ("accepted", "refused")


@pytest.mark.parametrize("name", TARGETS)
def test_valid_inputs_are_accepted(name):
    target = TARGETS[name]
    assert [fuzz_drive.outcome(target.run, valid) for valid in target.seeds()] == ["accepted"] * len(
        target.seeds()
    )


@pytest.mark.parametrize("name", TARGETS)
def test_only_errors_of_ours_come_out_of_altered_inputs(name):
    """Hypothesis chooses the seed of the mutator, or the bytes themselves."""
    target = TARGETS[name]

    @settings(max_examples=30)
    @given(st.one_of(st.integers(0, 10**6), st.binary(max_size=300)))
    def try_one(chosen):
        content = chosen if isinstance(chosen, bytes) else target.case(random.Random(chosen))
        assert fuzz_drive.outcome(target.run, content) in GOOD

    try_one()


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=9)
)
@example([[[[[]]]]])
@settings(max_examples=30)
def test_json_of_any_form_in_place_of_a_document(value):
    for name in ("config.json", "schema.json"):
        content = b"\1" + fuzz_mutate.to_text(value)
        assert fuzz_drive.outcome(TARGETS[name].run, content) == "refused"


def saved(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, X=np.ones((3, 2)), y=np.arange(3), **arrays)
    return buffer.getvalue()


def archive(header: bytes, data: bytes = b"") -> bytes:
    """Return an .npz file whose columns have a header that NumPy would not write."""
    buffer = io.BytesIO(saved())
    with zipfile.ZipFile(buffer, "a") as stored:
        text = header.ljust(117) + b"\n"
        stored.writestr("columns.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data)
    return buffer.getvalue()


def toml(old: str, new: str) -> bytes:
    valid = TARGETS["config.toml"].seeds()[0].decode()
    assert old in valid
    return valid.replace(old, new).encode()


WORDS = b"{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }"
KNOWN = {
    "an endless nest of lists": ("config.json", b"\1" + b"[" * 100_000),
    "half a pair of surrogates": ("config.json", b'\1{"a": "\\ud800"}'),
    "a table nested too deep": ("config.toml", b"a = " + b"[" * 5000),
    "a target that is a number": ("config.toml", toml('target = ["y"]', "target = 3")),
    "a source that is a number": ("config.toml", toml('source = "a.csv"', "source = 3")),
    "a table that is a number": ("config.toml", b"given = 3\n" + toml("[given]", "[forgotten]")),
    "an archive that is none": ("npz", b"PK\3\4"),
    "a header that Python cannot read": ("npz", archive(WORDS[:-3] + b"(")),
    "a text of what is no character": ("npz", archive(WORDS, b"\xff" * 16)),
    "a text of half a pair": ("npz", archive(WORDS, b"\0\xd8\0\0" * 4)),
    "weights of other rows": ("npz", saved(weight=np.ones(2))),
    "weights that are no numbers": ("npz", saved(weight=np.array(["a", "b", "c"]))),
    "a header without end": ("model.safetensors", b"\1" + b"\xff" * 7 + b"\x7f"),
}


def test_an_archive_with_named_columns_is_accepted():
    content = archive(WORDS, "abcd".encode("utf-32-le"))
    assert fuzz_drive.outcome(TARGETS["npz"].run, content) == "accepted"


@pytest.mark.parametrize("name", KNOWN)
def test_what_was_found_once(name):
    target, content = KNOWN[name]
    assert fuzz_drive.outcome(TARGETS[target].run, content) == "refused"


def test_a_config_of_another_form_is_refused_with_its_place(tmp_path):
    place = tmp_path / "config.toml"
    place.write_bytes(KNOWN["a target that is a number"][1])
    said = r"(?s)config.toml, run.target: cannot be read: it has the wrong form; .* got 3.*fix: put the file"
    with pytest.raises(ArtifactError, match=said):
        read_record(place)


def test_no_more_memory_than_twice_the_size():
    """The scripts measure what is resident; here it is what Python and NumPy allocate."""
    target = TARGETS["model.safetensors"]
    content = target.seeds()[1] + bytes(4_000_000)
    fuzz_drive.outcome(target.run, content)
    tracemalloc.start()
    found = fuzz_drive.outcome(target.run, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == "refused" and peak < 2 * len(content)


# --- the driver itself -----------------------------------------------------------------------------------


def test_a_batch_in_a_child():
    met, faults = fuzz_drive.drive("MANIFEST.json", 50, 3)
    assert met["accepted"] + met["refused"] == 50 and not faults


def test_outcomes_have_names():
    def hang(content: bytes) -> None:
        raise fuzz_drive.Hang

    assert fuzz_drive.outcome(len, b"") == "accepted"
    assert fuzz_drive.outcome(hang, b"").startswith("hang")
    assert fuzz_drive.outcome(json.loads, b"{").startswith("JSONDecodeError at decoder.py:")
    assert fuzz_drive.outcome(lambda _: sys.exit(1), b"").startswith("SystemExit")


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    def run(content: bytes) -> None:
        if content == b"!":
            raise ValueError("no error of ours")
        if content == b"+":
            with mmap.mmap(-1, fuzz_drive.BASE + (1 << 20)) as pages:  # new ones, not those of the heap
                pages.write(b"x" * len(pages))

    target = Target(run, lambda: [b"."], lambda valid, chance: chance.choice((b".", b".", b"!", b"+")))
    monkeypatch.setitem(TARGETS, "bad", target)
    yield "bad"


linux = pytest.mark.skipif(sys.platform != "linux", reason="the peak of the memory is read from /proc")


@pytest.fixture
def alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The alarm of a child, after a tenth of a second."""
    monkeypatch.setattr(fuzz_drive, "SECONDS", 0.1)
    before = signal.signal(signal.SIGPROF, fuzz_drive._hang)
    yield
    signal.signal(signal.SIGPROF, before)


def busy(content: bytes) -> None:
    """Compute for half a second; what comes meanwhile is caught, or not."""
    end = time.process_time() + 0.5
    while time.process_time() < end:
        with contextlib.suppress(fuzz_drive.Hang) if content == b"deaf" else contextlib.nullcontext():
            sum(range(1000))


@linux
@pytest.mark.parametrize("content", [b"", b"deaf"])
def test_a_hang_is_seen_even_by_who_catches_everything(alarm, content):
    found, _, _ = fuzz_drive.measured(busy, content, fuzz_drive.Memory())
    assert found.startswith("hang: ") and found.endswith(" s of processor time")


@linux
def test_who_only_waits_does_not_hang(alarm):
    found, seconds, _ = fuzz_drive.measured(lambda _: time.sleep(0.3), b"", fuzz_drive.Memory())
    assert found == "accepted" and seconds < 0.1


def test_a_child_that_waits_for_ever_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz_drive, "TICK", 0.02)
    (tmp_path / "log").write_text("[3, {}]")
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert fuzz_drive._watch(process, tmp_path / "log") == ""
    assert process.returncode == -signal.SIGKILL


@linux
def test_a_child_reports_what_goes_wrong(bad, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("resource.setrlimit", lambda *_: None)  # it would hold for the other tests too
    fuzz_drive.child(bad, 0, 0, 30, tmp_path / "log")
    number, met = json.loads((tmp_path / "log").read_text())
    written = capsys.readouterr().out
    assert number == 30 and met["accepted"] + met["faults"] == 30
    assert "ValueError at test_fuzz.py" in written and '"memory: ' in written


def test_a_case_is_made_again_from_its_number():
    target = TARGETS["config.toml"]
    one, other = (target.case(fuzz_drive.chance_of("config.toml", 0, 5)) for _ in range(2))
    assert one == other != target.case(fuzz_drive.chance_of("config.toml", 0, 6))


def test_repetitions_of_repetitions_stay_small():
    value = ["x" * 100]
    for _ in range(6):
        value = fuzz_mutate._repeated(value, 60)
    assert 1e5 < len(json.dumps(value)) < 1.1 * fuzz_mutate.MOST_REPEATED


def test_guided_fuzzing_can_be_set_up():
    atheris = pytest.importorskip("atheris")
    assert callable(atheris.Fuzz) and callable(fuzz_drive.guided)
