"""Translation: one text is read, another is written."""
