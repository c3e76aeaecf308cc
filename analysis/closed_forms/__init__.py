"""Exact solutions of small models, with their sources: references for simulated numbers, and baselines of charts."""
