"""Questions about an insurance fund, and the runs that answer them."""
