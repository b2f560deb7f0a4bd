"""Autoencoders: rows or images written again from a code of theirs."""
