"""The errors clearsim raises on purpose. Each carries ONE positional message, because SimPy rebuilds exceptions."""


class ClearsimError(Exception):
    """Base of every error whose message is meant for the user as it stands."""


class ConfigError(ClearsimError):
    """The input is wrong: says file, line, key, what was expected, what was found, and the nearest valid name."""


class InputDataError(ClearsimError):
    """A data file (price series, own book) is wrong: says file, row, column, and what was expected."""


class AgentError(ClearsimError):
    """A user's own agent or other part raised or returned nonsense: says which, and what was expected."""


class ConservationError(ClearsimError):
    """Money or contracts were created or lost: says cycle, amount, and the command that replays the run."""


class InvariantError(ClearsimError):
    """A rule that must hold in every run did not: says cycle, account, amount, and the command that replays the run."""


class ResultError(ClearsimError):
    """A result folder cannot be written or read: says which, why, and what to do."""


class ClusterError(ClearsimError):
    """Workers of a sweep cannot be used: says which scheduler, why, and what to do."""
