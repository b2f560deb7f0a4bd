"""What protects a run: checkpoints, rollbacks, and checks of memory and disk."""
