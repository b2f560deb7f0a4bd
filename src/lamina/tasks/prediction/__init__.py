"""Classes, labels and numbers of a row: what is said of their predictions."""
