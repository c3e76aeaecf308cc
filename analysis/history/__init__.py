"""Statistics of a fund's recorded history: months, draws, drawdowns, growth."""
