"""What the report says of a graph."""
from __future__ import annotations

def knowledge_sections(outcome):
    """Stub."""
    return []
