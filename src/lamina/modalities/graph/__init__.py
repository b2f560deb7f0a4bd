"""Graphs, molecules among them, as inputs."""
