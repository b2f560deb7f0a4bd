"""Knowledge graphs: triples of head, relation and tail are learned, and missing ones found."""
