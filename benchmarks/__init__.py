"""Benchmarks of Lamina against its peers; see README.md for how to run them and what they mean."""
