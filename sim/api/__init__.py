"""The code behind the public names of `clearsim`, which composes the simulation and the analysis.

A user imports `clearsim` and nothing below it. Functions here never print; notes for the user go to `on_note`, or
else to the logger `clearsim`. Errors are `clearsim.ClearsimError`.
"""
