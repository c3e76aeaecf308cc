"""The error that analysis raises on purpose; its one message is meant for the user as it stands."""


class AnalysisError(Exception):
    """A result folder cannot be analysed: says what was expected, what was found, where, and what to do."""
