"""A process that trains on digits with `lamina.fit` and ends; arguments: JSON with data, epochs."""

import json
import sys

import numpy as np

import lamina

chosen = json.loads(sys.argv[1])
with np.load(chosen["data"], allow_pickle=False) as data:
    x, y, x_test, y_test = (data[name] for name in ("x_train", "y_train", "x_test", "y_test"))
network = lamina.fit(
    x, y, model="mlp", size=100, depth=1, epochs=chosen["epochs"], batch_size=200, optimizer="adam", lr=1e-3,
    schedule="constant", early_stopping=False, valid=0.0, seed=chosen["seed"], **chosen.get("keys", {}),
)  # fmt: skip
print(json.dumps({"accuracy": float((network.predict(x_test) == y_test).mean())}))
