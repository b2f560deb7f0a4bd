"""Modalities: everything Lamina knows about one sort of column each."""
