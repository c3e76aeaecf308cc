"""The code behind the public names of `clearsim`, which composes the simulation and the analysis.

A user imports `clearsim` and nothing below it. Functions here never print; what a user should know goes to `on_note`,
or else to the logger `clearsim`. What is wrong is a `clearsim.ClearsimError`.
"""
