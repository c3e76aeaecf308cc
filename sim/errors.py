"""The errors clearsim raises on purpose. Each carries ONE positional message, because SimPy rebuilds exceptions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self


class ClearsimError(Exception):
    """Base of every error whose message is meant for the user as it stands.

    path: the place in the config that is wrong, as far as the raiser knew: keys, indices, `[name]` of an item.
    """

    path: tuple[str | int, ...] = ()

    def at(self, *path: str | int) -> Self:
        """This error with the place that is wrong."""
        self.path = path
        return self


@contextmanager
def at_key(*path: str | int) -> Iterator[None]:
    """Put `path` in front of the place of a ConfigError or InputDataError that is raised inside."""
    try:
        yield
    except (ConfigError, InputDataError) as error:
        error.path = (*path, *error.path)
        raise


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
