"""What is asked of an insurance fund, and the runs that answer it."""
