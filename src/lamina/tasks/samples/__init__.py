"""Samples: rows or images as arrays that are generated or reconstructed, and back."""
