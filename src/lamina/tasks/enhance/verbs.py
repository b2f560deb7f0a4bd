"""What people do with a network that improves images: give it images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError
from lamina.core.keys import NOT_NEGATIVE, key
from lamina.data.images.encode import FORMATS
from lamina.tasks.base import Verb
from lamina.tasks.enhance.enhanced import EnhancedImages

if TYPE_CHECKING:
    from lamina.tasks.enhance.improving import Improving


@dataclass(frozen=True)
class EnhancingKeys:
    """The keys of improving images."""

    data: Any = key(None, "an image, a folder of images, or an array")  # noqa: RUF009
    turns: bool = key(False, "average eight turned and mirrored copies: better, and eight times as long")
    mask: str | None = key(None, "inpaint: an image, white where to fill; transparent pixels without")
    degrade: bool = key(False, "the images are clean: degrade them first, to see what the network can do")
    seed: int = key(0, "decides the degradation", **NOT_NEGATIVE)


def enhance(network: Any, keys: EnhancingKeys) -> EnhancedImages:
    """Return improved images, each in its own size or as many times finer as the network makes it.

    Args:
        network: trained.
        keys: what to improve, and how.

    Raises:
        ConfigError: there is nothing to improve, or nothing that says where to fill.
        DataError: the images cannot be read.
    """
    if keys.data is None:
        expected = "a path, a folder, an array"
        raise ConfigError("there is nothing to improve", expected=expected, fix="enhance(data)")
    return _improving(network, keys).run(network.read(_as_batch(keys.data)))


def _improving(network: Any, keys: EnhancingKeys) -> Improving:
    from lamina.tasks.enhance.improving import Improving

    return Improving(network, turns=keys.turns, mask=keys.mask, degrade=keys.degrade, seed=keys.seed)


def _as_batch(data: Any) -> Any:
    """Return one image (y, x) or (y, x, 3) as a batch of one."""
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and (len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3))):
        return data[None]
    return data


def _file(ending: str) -> Callable[[EnhancedImages], bytes]:
    return lambda found: found.file(ending)


VERBS = {
    "enhance": Verb(
        "improve images",
        EnhancingKeys,
        enhance,
        "image.png --out better.png",
        asked="data",
        reads=True,
        shown=lambda found: found.shown(),
        told=lambda found: found.told(),
        saved={**{ending: _file(ending) for ending in FORMATS}, "": lambda found: found.files()},
    )
}
