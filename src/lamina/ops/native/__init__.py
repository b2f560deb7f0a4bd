"""Kernels in C++ for what XLA leaves slow on CPU, compiled on the spot where a compiler is found."""
