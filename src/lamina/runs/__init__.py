"""A run: data in, a trained network out, and everything about it in one folder."""
