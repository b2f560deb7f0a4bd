"""Nodes of one graph: each row of a table is a node, and a column of cells knows the whole graph."""
