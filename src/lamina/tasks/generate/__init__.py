"""Generation as a task: rows or images are learned from, and new ones are drawn."""
