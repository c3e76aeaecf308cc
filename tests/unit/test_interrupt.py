"""A signal whose exception was swallowed stops a run at its next step."""

import os
import signal

import pytest

from sim import interrupt


@pytest.fixture
def handlers() -> object:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    interrupt.catch_signals()
    yield None
    interrupt._pending.clear()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_stops_a_run_that_nobody_interrupts(handlers: object) -> None:
    interrupt.stop_if_asked()


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_swallowed_signal_is_raised_again(handlers: object, number: int, kind: type[BaseException]) -> None:
    with pytest.raises(kind):  # a library's callback would print this one and go on
        os.kill(os.getpid(), number)
    with pytest.raises(kind):
        interrupt.stop_if_asked()
