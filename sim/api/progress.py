"""Progress of a run and of a sweep: a bar in a terminal, lines elsewhere; and the receivers of notes."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from ..interrupt import stop_if_asked

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from ..config import RunConfig
    from ..runs.run import Progress as RunCallback
    from ..studies.sweep import SweepProgress

#: Width, in columns, of output to a file or pipe.
WIDTH = 110
UPDATES_PER_S = 10
PLAIN_STEPS = 4
SECONDS_BETWEEN_LINES = 10.0
SHARE_THAT_SHOWS_SPEED = 0.1
#: Called with a note for the user.
Note = Callable[[str], None]
#: Called with the number of runs (or paths) so far.
Counted = Callable[[int], None]


def console(*, stderr: bool = False, width: int = WIDTH) -> "Console":
    """A console as wide as the terminal, or `width` columns wide without one."""
    from rich.console import Console

    shown = Console(stderr=stderr)
    return shown if shown.is_terminal else Console(stderr=stderr, width=width)


def noting(on_note: Note | None) -> Note:
    """The receiver of notes: the callback, or the logger `clearsim` (its warnings are printed by default)."""
    return on_note or _log


def _log(text: str) -> None:
    level = logging.WARNING if text.startswith("warning: ") else logging.INFO
    logging.getLogger("clearsim").log(level, "%s", text.removeprefix("warning: "))


@contextmanager
def run_progress(progress: "Literal[True] | RunCallback | None", config: "RunConfig") -> "Iterator[RunCallback | None]":
    """The callback of a run: the one given, or a bar on standard error for True."""
    if progress is not True:
        yield progress
        return
    with RunBar(config, console(stderr=True)) as bar:
        yield bar


@contextmanager
def sweep_progress(progress: "Literal[True] | SweepProgress | None") -> "Iterator[SweepProgress | None]":
    """The callback of a sweep: the one given, or a bar on standard error for True."""
    if progress is not True:
        yield progress
        return
    from rich.console import Console

    with SweepBar(Console(stderr=True, soft_wrap=True)) as bar:
        yield bar


@contextmanager
def count_progress(
    progress: "Literal[True] | Counted | None", total: int | None = None, *, to_come: int = 0
) -> "Iterator[Counted]":
    """The callback that receives the number of runs so far: the one given, or lines on standard error for True.

    total: about the number of runs there will be.  to_come: joint draws besides them.
    """
    if progress is None:
        yield lambda runs: None
        return
    if progress is not True:
        yield progress
        return
    with CountBar(console(stderr=True), total, to_come=to_come) as bar:
        yield bar


def clock_text(time_ms: int, start_ms: int) -> str:
    """Simulated UTC time of day."""
    seconds = (start_ms + time_ms) // 1000 % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def span(seconds: float) -> str:
    """Seconds as a short text."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


class RunBar:
    """The engine's progress callback: a bar in a terminal, four plain lines elsewhere. Use as a context manager."""

    def __init__(self, config: "RunConfig", console: "Console") -> None:
        self._config = config
        self._console = console
        self._quantum = float(config.quantum)
        self._duration_ms = config.duration_ms
        self._next_update = 0.0
        self._plain_done = 0
        self._bar: Progress | None = None
        self._task: Any = None

    def __enter__(self) -> Self:
        """Show the bar if there is a terminal."""
        if self._console.is_terminal:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TaskProgressColumn(),
                TimeRemainingColumn(),
                console=self._console,
                refresh_per_second=UPDATES_PER_S,
                transient=True,
            )
            self._task = self._bar.add_task(self._text(0, 0.0, 0, 0), total=self._duration_ms)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, time_ms: int, mark: float, fund_quanta: int, liquidated: int) -> None:
        """Show the progress of the run, at most ten times a second; stop the run if a signal requires it."""
        stop_if_asked()
        if self._bar is None:
            self._plain(time_ms, mark, fund_quanta, liquidated)
            return
        now = time.monotonic()
        if now < self._next_update and time_ms < self._duration_ms:
            return
        self._next_update = now + 1 / UPDATES_PER_S
        text = self._text(time_ms, mark, fund_quanta, liquidated)
        self._bar.update(self._task, completed=min(time_ms, self._duration_ms), description=text)

    def _plain(self, time_ms: int, mark: float, fund_quanta: int, liquidated: int) -> None:
        due = PLAIN_STEPS * time_ms // self._duration_ms
        if due > self._plain_done:
            self._plain_done = due
            self._console.print(self._text(time_ms, mark, fund_quanta, liquidated), soft_wrap=True, highlight=False)

    def _text(self, time_ms: int, mark: float, fund_quanta: int, liquidated: int) -> str:
        at = clock_text(time_ms, self._config.start_ms)
        fund = f"{fund_quanta * self._quantum:,.0f} {self._config.asset.name}"
        return f"{at} UTC  mark {mark:,.1f}  fund {fund}  liquidated {liquidated:,}"


class SweepBar:
    """Progress of a sweep: a bar with rate, ETA and failures in a terminal, occasional lines elsewhere."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task: Any = None
        self._printed = 0.0
        self._before: int | None = None

    def __enter__(self) -> Self:
        """Show the bar if there is a terminal."""
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn(),
                console=self._console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("runs", total=None)
            self._bar.start()
        self._printed = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, *, done: int, failed: int, total: int | None, seconds: float) -> None:
        """Show the progress of the sweep."""
        if self._before is None:
            self._before = done - 1  # of earlier sweeps
        fresh = done - self._before
        text = f"runs  {fresh / max(seconds, 1e-9):.1f}/s  {failed} failed"
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, description=text)
        elif time.monotonic() - self._printed > SECONDS_BETWEEN_LINES:
            self._printed = time.monotonic()
            left = "" if total is None else f" of {total:,}, about {span((total - done) * seconds / fresh)} left"
            self._console.print(f"{done:,} runs{left}, {failed} failed", highlight=False)


@dataclass
class CountedPart:
    """A part of the work whose items take about as long as each other.  total: about their number; None: not known."""

    what: str
    total: int | None
    started: float
    begun_at: int  # items of all parts when it began
    done: int = 0

    def text(self, now: float) -> str:
        """`512 of about 2,048 joint draws in 20 s, about 60 s left`."""
        seconds, done, total = now - self.started, self.done, self.total
        if total is None or done > total:
            return f"{done:,} {self.what} in {span(seconds)}"
        is_known = done > total * SHARE_THAT_SHOWS_SPEED  # the first items also compile and start workers
        left = f", about {span((total - done) * seconds / done)} left" if is_known else ""
        return f"{done:,} of about {total:,} {self.what} in {span(seconds)}{left}"


class CountBar:
    """Progress in runs so far: live in a terminal, a line every ten seconds elsewhere, also while no run ends.

    total: about the number of runs there will be; None if that is not known.  to_come: joint draws
    besides them, whose pace is not known before they begin.
    """

    def __init__(self, console: "Console", total: int | None = None, *, to_come: int = 0) -> None:
        self._console, self._to_come = console, to_come
        self._part = CountedPart("runs", total, time.monotonic(), 0)
        self._status: Any = None
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        """Show the status line if there is a terminal."""
        if self._console.is_terminal:
            self._status = self._console.status("first runs")
            self._status.start()
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the status line."""
        self._ended.set()
        self._ticker.join()
        if self._status is not None:
            self._status.stop()

    def __call__(self, runs: int) -> None:
        """Note the number of runs so far; stop if a signal requires it."""
        stop_if_asked()
        self._part.done = runs - self._part.begun_at

    @contextmanager
    def joint_draws(self, total: int) -> Iterator[None]:
        """Count what is done inside as joint draws, which take another time than the runs around them."""
        outer, begun = self._part, time.monotonic()
        self._to_come -= total
        self._part = part = CountedPart("joint draws", total, begun, outer.begun_at + outer.done)
        try:
            yield
        finally:
            outer.started += time.monotonic() - begun
            outer.begun_at += part.done
            self._part = outer

    def _tick(self) -> None:
        """Show the number of runs from time to time."""
        while not self._ended.wait(SECONDS_BETWEEN_LINES if self._status is None else 1 / UPDATES_PER_S):
            if self._status is None:
                self._console.print(self._text(), highlight=False)
            else:
                self._status.update(self._text())

    def _text(self) -> str:
        then = f"; besides, {self._to_come:,} joint draws" if self._to_come > 0 else ""
        return self._part.text(time.monotonic()) + then
