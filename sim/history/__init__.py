"""Recorded histories of a venue: its fund day by day, open interest, liquidations, prices, and reported draws."""
