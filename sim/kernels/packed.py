"""Several structs of arrays as one argument of a kernel."""

from typing import Any

import numpy as np

from .jit import PLAIN, primitive


class Packed:
    """Structs of arrays as one array of words, so that passing all of them to a kernel costs one argument.

    `words` starts with the place of each struct in it; `struct_at` reads them. The arrays must stay where they are: a
    struct that is replaced needs a new Packed. Raises TypeError if a class is packed with arrays of another kind than
    before. Where kernels are plain Python, `words` is the tuple of the structs.
    """

    def __init__(self, *structs: Any) -> None:
        self.structs = structs  # the words are addresses of their arrays
        self.words: Any = structs if PLAIN else _words(structs)


def _words(structs: tuple[Any, ...]) -> Any:
    """int64: the place of each struct, then theirs, array by array, as numba lays an array out."""
    from .addresses import note_packed

    places: list[int] = []
    words: list[int] = []
    for struct in structs:
        note_packed(struct)
        places.append(len(structs) + len(words))
        for field in struct:
            words += [0, 0, field.size, field.itemsize, field.ctypes.data, *field.shape, *field.strides]
    return np.array(places + words, np.int64)


def struct_at(struct: type) -> Any:
    """Return the function that reads a struct of this class from a Packed in a kernel: f(words, place number)."""

    @primitive(plain=lambda words, number: words[number])
    def read() -> Any:
        from .addresses import reader_of

        return reader_of(struct)

    return read
