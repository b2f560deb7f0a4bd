"""Graphs as cells: flat arrays for all of them, and the columns that hold them."""
