"""A process that trains nanoGPT's small configuration by `lamina.fit` and ends.

Arguments: JSON with folder (``input.txt``, ``test.txt``), keys, seed. It prints the test loss in nats a
character, and the weights.
"""

import json
import sys

import lamina
from benchmarks import nano, worker

chosen = json.loads(sys.argv[1])
folder = chosen["folder"]
keys = {**nano.KEYS, **chosen["keys"]}
network = lamina.fit(f"{folder}/input.txt", valid=0.0, seed=chosen["seed"], **keys)
found = network.evaluate(f"{folder}/test.txt")
versions = worker.versions("jax", "jaxlib")
print(json.dumps({"loss": float(found["loss"]), "parameters": network.parameters, "versions": versions}))
