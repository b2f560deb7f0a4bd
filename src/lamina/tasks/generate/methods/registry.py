"""The list of methods of generation, and which of them is taken where the user says nothing."""

from __future__ import annotations

from lamina.core.registry import Registry
from lamina.tasks.generate.methods.base import AbstractMethod

METHODS: Registry[AbstractMethod] = Registry(
    "method",
    places={
        name: f"lamina.tasks.generate.methods.{name}"
        for name in ("diffusion", "flow", "gan", "vae", "density")
    },
)
