"""Scores of scenarios: whether their runs meet the targets."""
