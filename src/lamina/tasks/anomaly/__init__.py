"""Anomalies: rows or images unlike the others, how much, and why."""
