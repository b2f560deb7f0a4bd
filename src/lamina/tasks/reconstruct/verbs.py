"""What people do with an autoencoder: write samples again, and take their codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError
from lamina.core.keys import key
from lamina.tasks.base import Verb
from lamina.tasks.embed import embed_verb
from lamina.tasks.samples.answers import Again, Codes
from lamina.tasks.samples.space import AbstractSamples
from lamina.tasks.samples.verbs import GIVES_SAMPLES

if TYPE_CHECKING:
    import numpy as np

    from lamina.data.table import AbstractTable


@dataclass(frozen=True)
class AgainKeys:
    """The keys of writing samples again."""

    data: Any = key(None, "rows or images: a file, a folder, or - for CSV on standard input")  # noqa: RUF009


def _reconstruct(network: Any, keys: AgainKeys) -> AbstractSamples:
    if keys.data is None:
        expected = "a path, a frame, an array"
        raise ConfigError("there is nothing to reconstruct", expected=expected, fix="reconstruct(data)")
    table = network.read(keys.data)
    found = network.decoded(_asked(network, table), by=Again(network.objective))
    return network.target.space.samples(found)


def _asked(network: Any, table: AbstractTable) -> Any:
    """Return what the network is asked about rows."""
    return network.task.examiner.inputs(network.encoder.transform(table), table, network.target)


def _codes(network: Any, table: AbstractTable) -> np.ndarray:
    return network.decoded(_asked(network, table), by=Codes(network.objective))


VERBS = {
    "reconstruct": Verb(
        "write rows or images again from their codes",
        AgainKeys,
        _reconstruct,
        "DATA --out again.npz",
        asked="data",
        reads=True,
        **GIVES_SAMPLES,
    ),
    **embed_verb(_codes),
}
