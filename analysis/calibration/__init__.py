"""Fits laws to a book of positions (leverage, sizes) and to recorded prices (tails of falls, shares within delays)."""
