"""Validation scenarios: historical and hypothetical events with targets that were set before the run."""
