"""Fits the laws of a population to a book of positions: leverage (given size), sizes, concentration, with intervals."""
