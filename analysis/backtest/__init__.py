"""Whether a model of a fund's draws is consistent with a history of draws: pure functions, windows and model in."""
