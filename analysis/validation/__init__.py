"""Whether runs of a scenario meet its targets."""
