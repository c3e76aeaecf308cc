"""Studies: what to run (design), where (execute), and the folder with the results (store)."""
