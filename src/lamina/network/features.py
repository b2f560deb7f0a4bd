"""The features of a classifier that Lamina trained, in which generated samples are judged."""

from __future__ import annotations

from pathlib import Path

from lamina.core import manifest
from lamina.network.artifact import to_files
from lamina.network.load import load
from lamina.network.network import Network
from lamina.objectives.metrics.features import Features
from lamina.tasks.embed import vectors_of_rows


def classifier_features(classifier: Network | str | Path) -> Features:
    """Return features: what the head of a trained network reads of each image or row.

    Figures in such features can only be compared where the network is the same, so the SHA-256 of its
    artifact's manifest, which vouches for every file of it, stands beside them. The held-out examples that
    samples are compared with should be new to the classifier too.

    Args:
        classifier: a trained network, or the folder of one or of its run.

    Raises:
        ArtifactError: it is no saved network, or damaged.
        ConfigError: its model does not mark what its head reads.
        DataError: samples do not fit the network; said when they are given.

    Example:
        >>> import lamina, numpy
        >>> rows = numpy.random.default_rng(0).normal(size=(60, 2))
        >>> net = lamina.fit(rows, (rows[:, 0] > 0).astype(int), model="mlp", size=8, epochs=1)
        >>> features = classifier_features(net)
        >>> features(rows).shape[0], len(features.sha256)
        (60, 64)
    """
    if isinstance(classifier, Network):
        network, digest = classifier, manifest.digest(manifest.manifest(to_files(classifier)))
    else:
        network, digest = load(classifier), manifest.digest(_manifest_of(Path(classifier)).read_bytes())
    words = f"the features of a trained {network.model_name} (SHA-256 of its manifest {digest})"
    return Features(lambda samples: vectors_of_rows(network, network.read(samples)), words, digest)


def _manifest_of(path: Path) -> Path:
    """Return the manifest of the folder of a network, or of that of its run."""
    inner = path / "network" / manifest.MANIFEST
    return inner if inner.is_file() else path / manifest.MANIFEST
