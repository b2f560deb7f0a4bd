"""Images, in memory or in files, as one column of a table."""
