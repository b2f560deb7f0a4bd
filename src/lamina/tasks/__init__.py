"""Tasks: what a person asks for, from the roles of columns to the predictions that are written."""
