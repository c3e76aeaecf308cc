"""From a book of positions to the laws of a population: leverage (given size), sizes, concentration, with intervals."""
