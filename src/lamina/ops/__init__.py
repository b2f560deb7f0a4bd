"""Pure array functions whose layout and gradient XLA runs fast."""
