"""How gradients become steps: optimizers, schedules, and the rule that the compiled step calls."""
