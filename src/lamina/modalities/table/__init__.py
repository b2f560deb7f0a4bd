"""Tables: numbers, categories, booleans and dates make one block."""
