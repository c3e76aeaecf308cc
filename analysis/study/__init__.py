"""A study's tables and their statistics: its folder, question, arms, outcomes, and intervals."""
