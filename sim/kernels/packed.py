"""Structs that are packed once and passed to kernels as themselves: one argument, whatever they hold.

A NamedTuple of arrays (`structs.py`) is taken apart at every call from Python: 6.8 us for all arrays of an exchange,
more than the arithmetic of a calm tick. A `Packed` struct keeps the words of its arrays, as numba lays arrays out, in
one block of memory; a call passes the block's address (0.15 us). Its parts lie in the block, so that in a kernel
`exchange.accounts` costs nothing and `exchange.accounts.quote` one load, as if `accounts` were an argument.

A record scalar of NumPy, because numba finds the compiled type of a record by its dtype, without a call to Python.
"""

from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

import numpy as np

from .jit import PLAIN
from .structs import by_address

if TYPE_CHECKING:
    _Record = object  # NumPy's annotations call the base of its record scalars final
else:
    _Record = np.void


@dataclass_transform(kw_only_default=True)
class Packed(_Record):
    """Base of a struct whose fields are arrays, NamedTuples of arrays (registered with `by_address`), or None.

    The fields are the annotations of the class, and its constructor takes them by keyword. The arrays must stay where
    they are: `replace` puts others in their place. Structs of one class may hold arrays of different kinds; kernels
    are then compiled for each.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _words: np.ndarray[Any, np.dtype[np.int64]]

    def __init_subclass__(cls, **options: Any) -> None:
        """Note the fields of a new class."""
        super().__init_subclass__(**options)
        cls._fields = tuple(get_annotations(cls))
        by_address(cls)

    def __new__(cls, **parts: Any) -> Self:
        """Pack the parts. TypeError if one is missing or unknown, or is no array, struct or None."""
        if set(parts) != set(cls._fields):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}; given were {', '.join(parts)}")
        block = np.array([word for name in cls._fields for word in _words(name, parts[name])], np.int64)
        number = 0 if PLAIN else _kind_number(cls, parts)
        name = f"{cls.__module__}.{cls.__qualname__} {number}"
        self: Self = block.view(np.dtype((cls, [(name, np.int64, block.shape)])))[0]
        self.__dict__.update(parts, _words=block)
        return self

    def replace(self, **parts: Any) -> None:
        """Put other parts in the place of some, in this struct. TypeError unless their arrays are of the same kind."""
        for name, part in parts.items():
            if not PLAIN:
                _require_kind(name, getattr(self, name), part)
            start = sum(len(_words(other, getattr(self, other))) for other in self._fields[: self._fields.index(name)])
            words = _words(name, part)
            self._words[start : start + len(words)] = words
            self.__dict__[name] = part

    def __setattr__(self, name: str, value: Any) -> None:
        """Raise AttributeError: the words must follow, see `replace`."""
        raise AttributeError(f"{name}: use {type(self).__name__}.replace({name}=...)")

    def _refuse(self, *_: Any) -> Any:
        raise TypeError(f"{type(self).__name__} holds addresses: it is neither copied nor pickled")

    __reduce_ex__ = __copy__ = __deepcopy__ = _refuse

    def __repr__(self) -> str:
        """Name the class and the fields."""
        return f"<{type(self).__name__}: {', '.join(self._fields)}>"

    __str__ = __repr__


def _words(name: str, part: Any) -> list[int]:
    """The words of one part, array by array, as numba lays an array out."""
    if part is None:
        return [0]
    if isinstance(part, tuple):
        return [word for field in part for word in _words(name, field)]
    if not isinstance(part, np.ndarray):
        raise TypeError(f"{name} must be an array, a struct of arrays or None, not {type(part).__name__}")
    return [0, 0, part.size, part.itemsize, part.ctypes.data, *part.shape, *part.strides]


#: Combinations of kinds of arrays that structs of a class were packed with.
_KINDS: dict[type[Packed], list[Any]] = {}


def _kind_number(cls: type[Packed], parts: dict[str, Any]) -> int:
    """Number of this combination of kinds: part of the dtype's name, by which numba tells compiled types apart."""
    from .addresses import kind_of

    kind = tuple(kind_of(parts[name]) for name in cls._fields)
    known = _KINDS.setdefault(cls, [])
    if kind not in known:
        known.append(kind)
    return known.index(kind)


def _require_kind(name: str, before: Any, after: Any) -> None:
    from .addresses import kind_of

    if kind_of(before) != kind_of(after):
        raise TypeError(f"{name} was packed as {kind_of(before)}, not as {kind_of(after)}")
