"""The compiled part of training: state, gradient, one step, many steps, the end of an epoch."""
