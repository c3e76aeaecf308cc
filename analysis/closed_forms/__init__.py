"""Exact answers of small models, with their sources: yardsticks for simulated numbers, and baselines of charts."""
