"""What an audit says, and the checks that need neither a modality nor a task."""

from lamina.data.audit.findings import Audit, Finding

__all__ = ["Audit", "Finding"]
