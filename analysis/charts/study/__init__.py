"""Charts of a study: frame in, plotly figure out, one chart per file.

Money in these frames is float64 in quote units, probabilities are fractions, `low` and `high` are the bounds of an
interval at the context's level, `events` of `n` give the sample behind it. Every chart states its columns; none
computes an estimate.
"""
