"""Images: how they are recognized, checked, encoded, augmented and shown."""
