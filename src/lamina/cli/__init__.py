"""The command ``lamina``: one file a verb, no logic of its own."""
