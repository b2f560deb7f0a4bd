"""Nodes of one graph as a modality: each row is a node, which a network sees with its neighbors."""
