"""A study's tables, and what they say: its folder, question, arms, outcomes, and their intervals."""
