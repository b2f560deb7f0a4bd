"""scikit-learn's own checks of what an estimator has to keep; none is expected to fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina import NeuralClassifier, NeuralRegressor

SMALL = [NeuralClassifier(model="mlp", size=16), NeuralRegressor(model="mlp", size=16)]
WHOLE = [NeuralClassifier(), NeuralRegressor()]

# The checks' data have constant and copied columns, of which the audit warns.
pytestmark = pytest.mark.filterwarnings("ignore::lamina.core.errors.LaminaWarning")


@parametrize_with_checks(SMALL)
def test_scikit_learn_check(estimator: object, check: Callable[[object], None]):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(WHOLE)
def test_scikit_learn_check_of_what_is_chosen(estimator: object, check: Callable[[object], None]):
    check(estimator)
