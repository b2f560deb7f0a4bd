"""Generation as a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, ImageSampleInputs
from lamina.core.wanted import DENOISED, DENSITY
from lamina.data.schema import CLASSES
from lamina.tasks.generate.guide import GenerateGuide
from lamina.tasks.generate.keys import GenerateKeys, check_judge, check_owned
from lamina.tasks.generate.methods.registry import METHODS
from lamina.tasks.generate.previews import DrawingWatcher
from lamina.tasks.generate.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.samples.space import AbstractSpace
from lamina.tasks.samples.spaces import fit_space
from lamina.tasks.samples.task import AbstractSampleTask

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.modalities.base import Learned, Outcome
    from lamina.objectives.base import AbstractObjective

GENERATE = "generate"
FOR_IMAGES, FOR_ROWS = "diffusion", "density"


class GenerateTask(AbstractSampleTask):
    """The distribution of rows or images, from which new ones are drawn."""

    name = GENERATE
    summary = "generates new samples"
    learns = "what samples are like; one column of classes may be named, to choose the class of a sample"
    keys = GenerateKeys
    verbs = VERBS
    wants = DENOISED
    guide = GenerateGuide()
    watcher = DrawingWatcher()
    takes_class = True
    optional_target = CLASSES

    def space_of(self, learned: Learned, keys: GenerateKeys) -> AbstractSpace:
        """Return the space of the samples; where a density is learned, every number has one."""
        is_image = isinstance(learned.encoder.inputs, ImageInputs)
        method = METHODS[_method(keys, is_image=is_image)]
        return fit_space(learned, has_density=method.wants == DENSITY)

    def method_of(self, space: Any, keys: GenerateKeys) -> str:
        """Return the method that was asked for, or the one that suits such samples.

        Raises:
            ConfigError: the method is not for such samples, or a key belongs to another.
        """
        inputs = space.inputs(0)
        method = _method(keys, is_image=isinstance(inputs, ImageSampleInputs))
        if not METHODS[method].model(inputs):
            known = [name for name in METHODS if METHODS[name].model(inputs)]
            raise ConfigError(f"method={method} is not for such samples", expected=" or ".join(known))
        check_owned(keys, method)
        check_judge(keys)
        return method

    def objective(self, inputs: Any, target: Any, keys: GenerateKeys) -> AbstractObjective:
        """Return what the method minimizes."""
        method = METHODS[target.method]
        return method.objective(target.inputs, method.filled(keys))

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return samples, and what they are worth."""
        from lamina.tasks.generate.sections import generate_sections

        return generate_sections(outcome)


def _method(keys: GenerateKeys, *, is_image: bool) -> str:
    """Return the method that was asked for, or the one that suits such samples (docs/log.md)."""
    return (FOR_IMAGES if is_image else FOR_ROWS) if keys.method == "auto" else keys.method


TASKS.add(GENERATE, GenerateTask())
