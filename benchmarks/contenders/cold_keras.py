"""A process that trains on digits with Keras on JAX and ends; arguments: JSON with data, epochs, steps."""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

chosen = json.loads(sys.argv[1])
with np.load(chosen["data"], allow_pickle=False) as data:
    x, y, x_test, y_test = (data[name] for name in ("x_train", "y_train", "x_test", "y_test"))
keras.utils.set_random_seed(chosen["seed"])
layers = [keras.layers.Input((64,)), keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10)]
network = keras.Sequential(layers)
network.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    jit_compile=True,
    steps_per_execution=chosen["steps"],
)
network.fit(x, y, batch_size=200, epochs=chosen["epochs"], verbose=0)
found = network.predict(x_test, batch_size=len(x_test), verbose=0).argmax(-1)
print(json.dumps({"accuracy": float((found == y_test).mean())}))
