"""Free text as a modality."""
