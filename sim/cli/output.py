"""Where text goes: consoles on standard output and error, and what prints a note there."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 110


def console(*, stderr: bool = False, width: int = WIDTH) -> "Console":
    """As wide as the terminal, or `width` columns where there is none."""
    from ..api.progress import console as make

    return make(stderr=stderr, width=width)


def note_printer() -> Callable[[str], None]:
    """What prints a note on standard error; long ones are broken by the terminal alone."""
    shown = console(stderr=True)
    return lambda text: shown.print(text, highlight=False, soft_wrap=True)


def command_line() -> list[str]:
    """The command as it was typed, for manifests."""
    return ["clearsim", *sys.argv[1:]]
