"""A process that trains on digits with scikit-learn and ends; arguments: JSON with data, epochs."""

import json
import sys
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

chosen = json.loads(sys.argv[1])
with np.load(chosen["data"], allow_pickle=False) as data:
    x, y, x_test, y_test = (data[name] for name in ("x_train", "y_train", "x_test", "y_test"))
warnings.simplefilter("ignore")  # it says that twenty epochs are few
network = MLPClassifier((100,), max_iter=chosen["epochs"], batch_size=200, random_state=chosen["seed"]).fit(
    x, y
)
print(json.dumps({"accuracy": float(network.score(x_test, y_test))}))
