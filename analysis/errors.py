"""The error that analysis raises on purpose; its message is for the user and needs no rewording."""


class AnalysisError(Exception):
    """A result folder cannot be analysed: states what was expected, what was found, where, and a remedy."""
