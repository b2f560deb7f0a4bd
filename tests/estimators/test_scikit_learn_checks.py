"""scikit-learn's own checks of what an estimator has to keep; none is expected to fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina import NeuralClassifier, NeuralRegressor

QUICK = [NeuralClassifier(model="logistic", lr=0.05), NeuralRegressor(model="linear", lr=0.05)]
CHOSEN = [NeuralClassifier(), NeuralRegressor()]

# The checks' data have copied columns and rows, of which the audit warns.
pytestmark = pytest.mark.filterwarnings("ignore::lamina.core.errors.LaminaWarning")


@parametrize_with_checks(QUICK)
def test_scikit_learn_check(estimator: object, check: Callable[[object], None]):
    check(estimator)


@pytest.mark.slow  # the chosen model has more to compile: some minutes
@parametrize_with_checks(CHOSEN)
def test_scikit_learn_check_of_what_is_chosen(estimator: object, check: Callable[[object], None]):
    check(estimator)
