"""What runs in a process of its own, one module a contender; the rows start them."""
