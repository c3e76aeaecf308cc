"""Estimators: numbers from runs, each with its interval, the method, and a refusal if the data do not support it."""
