"""Studies: what to run (design), where (execute), and the folder that survives (store)."""
