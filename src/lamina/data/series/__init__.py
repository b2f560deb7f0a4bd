"""Series: numbers measured step by step."""
