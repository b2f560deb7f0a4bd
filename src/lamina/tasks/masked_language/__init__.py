"""Masked language models: which tokens of a text are hidden."""
