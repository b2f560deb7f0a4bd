"""Parsers of tables, most of them by Polars: a reader imports one when it reads."""
