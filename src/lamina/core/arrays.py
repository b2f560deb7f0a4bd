"""What a layer takes for an array."""

from __future__ import annotations

import jax
import numpy as np

Array = jax.Array | np.ndarray
"""An array of JAX, traced or not, or of NumPy: models are built with NumPy and called with either."""
