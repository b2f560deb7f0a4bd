"""Segmentation: a class for every pixel, or the instances that the pixels belong to."""
