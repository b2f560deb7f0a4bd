"""The artifact: model, encoders and task as one thing; how it is fitted, saved and loaded."""

from lamina.core.runtime import importing_jax

with importing_jax():
    from lamina.network.artifact import save
    from lamina.network.config import FitConfig, fit_config
    from lamina.network.fit import Fitted, Prepared, prepare, run
    from lamina.network.load import load
    from lamina.network.network import Network

__all__ = ["FitConfig", "Fitted", "Network", "Prepared", "fit_config", "load", "prepare", "run", "save"]
