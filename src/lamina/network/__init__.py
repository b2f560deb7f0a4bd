"""The artifact: model, encoders and task as one thing; how it is planned, fitted, saved and loaded."""

from lamina.core.runtime import importing_jax

with importing_jax():
    from lamina.network.artifact import save
    from lamina.network.fit import Fitted, run
    from lamina.network.info import RunInfo
    from lamina.network.keys import Config, check_keys
    from lamina.network.load import load
    from lamina.network.network import Network
    from lamina.network.plan import Plan
    from lamina.network.prepare import prepare

__all__ = ["Config", "Fitted", "Network", "Plan", "RunInfo", "check_keys", "load", "prepare", "run", "save"]
