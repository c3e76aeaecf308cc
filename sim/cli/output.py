"""Consoles on standard output and standard error, and a printer of notes."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 110


def console(*, stderr: bool = False, width: int = WIDTH) -> "Console":
    """A console as wide as the terminal, or `width` columns wide without one."""
    from ..api.progress import console as make

    return make(stderr=stderr, width=width)


def note_printer() -> Callable[[str], None]:
    """A function that prints a note on standard error; only the terminal wraps long notes."""
    shown = console(stderr=True)
    return lambda text: shown.print(text, highlight=False, soft_wrap=True)


def command_line() -> list[str]:
    """The command as it was typed, for manifests."""
    return ["clearsim", *sys.argv[1:]]
