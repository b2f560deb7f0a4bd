"""Links as a task: which edges a graph lacks is learned from those that it has."""
