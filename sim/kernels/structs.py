"""Structs of arrays that kernels hold by address. Imports nothing; `addresses.py` has the compiled side.

Two kinds, read alike in kernels: a NamedTuple, whose values are taken apart at each call from Python, for what lives
for a few calls (drafts, closes, payments); and a `Packed` (`packed.py`), for what lives as long as the run.

numba passes a NamedTuple by value. Each of the seven or more words of each of its arrays becomes an argument: over 150
for accounts, markets and log, unpacked and packed again in every kernel that passes them on. That was most of
the time to compile and of a call. Here the struct lives once, in the stack frame of the call from Python or in the
words of a Packed; kernels read the fields they use through its address. A field is never assigned and an address never
kept, so the optimiser may take fields as constant while a kernel runs.
"""

from collections.abc import Callable
from typing import TypeVar

Struct = TypeVar("Struct", bound=type)

_STRUCTS: list[type] = []
_listeners: list[Callable[[type], None]] = []


def by_address(struct: Struct) -> Struct:
    """Make kernels take values of this class by address: a NamedTuple of arrays, or a Packed."""
    _STRUCTS.append(struct)
    for listener in _listeners:
        listener(struct)
    return struct


def call_for_each_struct(register: Callable[[type], None]) -> None:
    """Call `register` with each class that is held by address, including later ones."""
    _listeners.append(register)
    for struct in _STRUCTS:
        register(struct)
