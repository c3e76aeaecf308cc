"""The browser that all tests of pictures share; without one they are skipped, and say why."""

from collections.abc import Iterator

import pytest

from tests.pictures.browser import Browser, why_not


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    reason = why_not()
    if reason:
        pytest.skip(f"pictures: {reason}")
    running = Browser()
    yield running
    running.close()
