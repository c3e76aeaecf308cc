"""Exact answers of small models, with their sources: what simulated numbers stand beside, and baselines of charts."""
