"""The audit: what is wrong with a table, said before anything is learned from it."""

from lamina.data.audit.findings import Audit, Finding
from lamina.data.audit.inspect import audit, check

__all__ = ["Audit", "Finding", "audit", "check"]
