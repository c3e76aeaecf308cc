"""Checks of arguments that several functions of the API take."""

from numbers import Integral
from typing import Any

from ..errors import ConfigError


def whole_number(name: str, value: Any, *, least: int = 0) -> int:
    """Return `value` as an int; ConfigError naming the argument if it is not a whole number from `least` on."""
    if not isinstance(value, Integral) or value < least:
        raise ConfigError(f"{name} must be a whole number from {least}, found {value!r}")
    return int(value)
