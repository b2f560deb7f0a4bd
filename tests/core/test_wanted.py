from __future__ import annotations

from lamina.core.wanted import EACH, NEXT, ONE, WANTED
from lamina.models import MODELS
from lamina.tasks import TASKS
from lamina.tasks.base import AbstractTask


def test_every_task_wants_one_of_them_and_every_model_gives_some():
    assert {ONE, EACH, NEXT} <= set(WANTED)
    assert all(TASKS[name].wants in WANTED for name in TASKS if isinstance(TASKS[name], AbstractTask))
    assert all(set(MODELS[name].gives) <= set(WANTED) and MODELS[name].gives for name in MODELS)


def test_for_each_of_them_there_is_a_model():
    assert {wanted for name in MODELS for wanted in MODELS[name].gives} == set(WANTED)
