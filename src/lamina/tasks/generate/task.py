"""Generation as a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.wanted import DENOISED, DENSITY
from lamina.data.schema import CLASSES
from lamina.tasks.generate.guide import GenerateGuide
from lamina.tasks.generate.keys import GenerateKeys, check_judge
from lamina.tasks.generate.methods.registry import METHODS
from lamina.tasks.generate.previews import DrawingWatcher
from lamina.tasks.generate.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.samples.owned import check_owned
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
    optional_target = CLASSES

    def method_of(self, inputs: Inputs, keys: GenerateKeys) -> str:
        """Return the method that was asked for, or the one that suits such samples (docs/log.md).

        Raises:
            ConfigError: the method is not for such samples, or a key belongs to another.
        """
        is_image = isinstance(inputs, ImageInputs)
        usual = FOR_IMAGES if is_image else FOR_ROWS
        method = usual if keys.method == "auto" else keys.method
        known = [name for name in METHODS if METHODS[name].model(is_image=is_image)]
        if method not in known:
            raise ConfigError(f"method={method} is not for such samples", expected=" or ".join(known))
        check_owned(keys, method, {name: METHODS[name].own() for name in METHODS})
        check_judge(keys)
        return method

    def space_of(self, learned: Learned, method: str) -> AbstractSpace:
        """Return the space of the samples; where a density is learned, every number has one."""
        return fit_space(learned, has_density=METHODS[method].wants == DENSITY)

    def objective(self, inputs: Any, target: Any, keys: GenerateKeys) -> AbstractObjective:
        """Return what the method minimizes."""
        method = METHODS[target.method]
        return method.objective(target.inputs, method.filled(keys))

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return samples, and what they are worth."""
        from lamina.tasks.generate.sections import generate_sections

        return generate_sections(outcome)


TASKS.add(GENERATE, GenerateTask())
