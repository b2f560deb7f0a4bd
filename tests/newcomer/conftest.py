"""The newcomers register themselves when they are imported: here that is for subprocesses alone."""

collect_ignore = ["toys.py"]
