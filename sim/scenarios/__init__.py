"""Validation scenarios: recorded and imagined events with what a run must show, written down before the run."""
