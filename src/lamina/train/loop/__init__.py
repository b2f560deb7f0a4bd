"""The host's part of training: epochs, feeds, the clock, callbacks, populations."""
