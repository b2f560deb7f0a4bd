"""A process that fits one table with `lamina.fit`; arguments: JSON with data, fit's keys."""

import json
import sys
import time
import warnings

import lamina


def main() -> None:
    chosen = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    network = lamina.fit(chosen["data"], **chosen["keys"])
    found = {
        "seconds": time.perf_counter() - began,
        "model": network.model_name,
        "parameters": network.parameters,
        "epochs": network.info.epochs,
        "best_epoch": network.info.best_epoch,
        "ended": network.info.ended,
        "versions": ", ".join(f"{name} {value}" for name, value in network.info.versions.items()),
    }
    for part in ("valid", "test"):
        metrics = network.info.metrics.get(part)
        found[part] = metrics and {name: float(value) for name, value in metrics.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
