"""Charts of a study: frame in, plotly figure out, one chart a file.

Money in these frames is float64 in quote units, probabilities are fractions, `low` and `high` are the bounds of an
interval at the context's level, `events` of `n` say what it rests on. Every chart states its columns; none computes an
estimate.
"""
