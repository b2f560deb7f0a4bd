"""What is learned: losses, metrics and the decoding of outputs."""
