"""Scores of outliers by scikit-learn: isolation forest, distance to neighbors, principal components.

Arguments: JSON with data, an npz file with x_train and x_test, standardized, and out, the npz file to write.
"""

import json
import sys

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

NEIGHBORS = 5  # as in PyOD: the distance to the fifth

chosen = json.loads(sys.argv[1])
with np.load(chosen["data"], allow_pickle=False) as data:
    x, x_test = data["x_train"], data["x_test"]
forest = IsolationForest(random_state=chosen["seed"]).fit(x)
neighbors = NearestNeighbors(n_neighbors=NEIGHBORS).fit(x)
components = PCA().fit(x)
# PyOD's score: distances to all components, each over its share of the variance
squares = np.square(x_test).sum(axis=1)[:, None] + 1 - 2 * x_test @ components.components_.T
shares = np.maximum(components.explained_variance_ratio_, 1e-6)
np.savez(
    chosen["out"],
    forest=-forest.score_samples(x_test),
    neighbors=neighbors.kneighbors(x_test)[0][:, -1],
    components=(np.sqrt(np.maximum(squares, 0)) / shares).sum(axis=1),
)
