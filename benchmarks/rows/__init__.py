"""One module a row; each is run as ``python -m benchmarks.rows.NAME``."""
