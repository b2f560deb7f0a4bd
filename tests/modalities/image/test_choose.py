"""What is chosen for images where nobody says it: size and epochs by the work that fits a budget."""

from __future__ import annotations

from lamina.core.inputs import ImageInputs
from lamina.data.schema import CLASSES
from lamina.modalities.base import Situation
from lamina.modalities.image import choose


def test_work_decides_size_and_epochs():
    small, large = (ImageInputs(side, side, 3, (0.0,) * 3, (1.0,) * 3) for side in (28, 224))
    budgets = [choose.BUDGETS[preset] for preset in ("fast", "balanced", "best")]
    assert choose.model_for(budgets[1], large, 1000)[0] == "resnet"
    sizes = [choose.model_for(budget, small, 48_000)[2]["size"] for budget in budgets]
    assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    epochs = choose.keys_for(budgets[1], small, 48_000, size=sizes[1], smoothed=True)["epochs"]
    assert choose.FEWEST_EPOCHS <= epochs <= choose.MOST_EPOCHS


def test_a_time_limit_makes_the_network_smaller():
    inputs = ImageInputs(28, 28, 1, (0.0,), (1.0,))
    sizes = [
        choose.choose(Situation(inputs, 48_000, CLASSES, classes=10, preset="best", seconds=seconds)).options[
            "size"
        ]
        for seconds in (60, 300, None)
    ]
    assert sizes == sorted(sizes) and sizes[0] < sizes[1] < sizes[2]


def test_best_takes_the_time_it_is_given():
    assert choose.budget_of("best", 7200) > choose.BUDGETS["best"]
    assert choose.budget_of("balanced", 7200) == choose.BUDGETS["balanced"]


def test_labels_are_smoothed_where_there_are_more_than_two_classes():
    inputs = ImageInputs(28, 28, 1, (0.0,), (1.0,))
    chosen = [choose.choose(Situation(inputs, 100, CLASSES, classes=classes)).keys for classes in (2, 3)]
    assert [keys.get("label_smoothing") for keys in chosen] == [None, 0.1]
