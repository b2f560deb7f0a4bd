"""Images: one column of images is one block."""
