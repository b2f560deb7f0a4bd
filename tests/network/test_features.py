"""Features of a trained network, with the hash of what is saved of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina.core.errors import ArtifactError
from lamina.network.features import classifier_features


def test_vectors_and_hash_are_those_of_the_saved_network(tmp_path: Path):
    rows = np.random.default_rng(0).normal(size=(60, 3))
    net = lamina.fit(rows, (rows[:, 0] > 0).astype(int), model="mlp", size=8, epochs=1)
    place = net.save(tmp_path / "run" / "network")
    in_memory, saved, of_run = map(classifier_features, (net, place, tmp_path / "run"))
    digest = hashlib.sha256((place / "MANIFEST.json").read_bytes()).hexdigest()
    assert in_memory.sha256 == saved.sha256 == of_run.sha256 == digest and digest in saved.words
    np.testing.assert_array_equal(saved(rows), net.embed(rows))
    assert saved(rows).shape[0] == 60


def test_no_network_is_said(tmp_path: Path):
    with pytest.raises(ArtifactError, match="no such folder"):
        classifier_features(tmp_path / "nothing")
