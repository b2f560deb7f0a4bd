"""How a distribution of samples is learned; one method a file."""
