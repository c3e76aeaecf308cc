"""Estimators: numbers from runs, each with its interval, the method, and a refusal where the data cannot bear it."""
