"""Where words go: consoles on standard output and error, and what says a sentence there."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Columns of what is written to a file or pipe.
WIDTH = 110


def console(*, stderr: bool = False, width: int = WIDTH) -> "Console":
    """As wide as the terminal, or `width` columns where there is none."""
    from rich.console import Console

    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=width)


def error_console() -> "Console":
    """Standard error, lines not broken."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True)


def teller(console: "Console") -> Callable[[str], None]:
    """What says a sentence there; long ones are broken by the console alone."""
    return lambda text: console.print(text, highlight=False, soft_wrap=True)
