"""Numbers, categories, dates: all such columns of a table are one block."""
