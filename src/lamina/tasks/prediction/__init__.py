"""Prediction: a class, several labels or numbers for each row."""
