"""How kernels hold a struct of arrays: by address. Does not import numba; `addresses.py` has the compiled side.

numba passes a NamedTuple by value. Each of the seven or more words of each of its arrays becomes an argument: over 150
for accounts, markets and log, taken apart and put together again in every kernel that hands them on. That was most of
the time to compile and of a call. Here the struct lives once, in the stack frame of the call from Python; kernels read
the fields they use through its address. A field is never assigned and an address never kept, so the optimiser may take
fields as constant while a kernel runs.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from sim.kernels.jit import PLAIN, primitive

Struct = TypeVar("Struct", bound=type)

_STRUCTS: list[type] = []
_listeners: list[Callable[[type], None]] = []


def by_address(struct: Struct) -> Struct:
    """Make kernels take values of this NamedTuple class, whose fields are all arrays, by address."""
    _STRUCTS.append(struct)
    for listener in _listeners:
        listener(struct)
    return struct


def call_for_each_struct(register: Callable[[type], None]) -> None:
    """Call `register` with each class that is held by address, also with those to come."""
    _listeners.append(register)
    for struct in _STRUCTS:
        register(struct)


class Packed:
    """Structs of arrays as one array of words, so that handing all of them to a kernel costs one argument.

    `words` starts with the place of each struct in it; `struct_at` reads them. The arrays must stay where they are: a
    struct that is replaced needs a new Packed. Raises TypeError if a class is packed with arrays of another kind than
    before. Where kernels are plain Python, `words` is the tuple of the structs.
    """

    def __init__(self, *structs: Any) -> None:
        self.structs = structs  # the words are addresses of their arrays
        self.words: Any = structs if PLAIN else _words(structs)


def _words(structs: tuple[Any, ...]) -> Any:
    """int64: the place of each struct, then theirs, array by array, as numba lays an array out."""
    from sim.kernels.addresses import note_packed

    places: list[int] = []
    words: list[int] = []
    for struct in structs:
        note_packed(struct)
        places.append(len(structs) + len(words))
        for field in struct:
            words += [0, 0, field.size, field.itemsize, field.ctypes.data, *field.shape, *field.strides]
    return np.array(places + words, np.int64)


def struct_at(struct: type) -> Any:
    """Return what reads, in a kernel, a struct of this class from the words of a Packed: f(words, place number)."""

    @primitive(plain=lambda words, number: words[number])
    def read() -> Any:
        from sim.kernels.addresses import reader_of

        return reader_of(struct)

    return read
