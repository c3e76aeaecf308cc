"""The exit codes of all commands."""

FAILED = 1  # the command failed, or what it compares differs
BAD_INPUT = 2
RUNS_FAILED = 3  # the command did its work, but some of its runs failed
REFUTED = 3  # the answer stands, but a history refutes its model (--strict)
