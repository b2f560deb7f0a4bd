"""Layers of networks over graphs: each passes messages along the edges in its own way.

A layer is called as ``layer(x, graph)``: x are the features of the nodes, (batch, nodes, features), and
`Graph` says which nodes are there and which edges lie between them.
"""
