"""Texts that stay in their files: byte ranges, read when they are asked for."""
