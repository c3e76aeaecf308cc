"""The decorators of all kernels. A kernel that is merely defined costs nothing: numba is imported by its first call.

Until then a name like `match_orders` stands for the Python function and its compile options. Kernels find each other by
name: numba asks such an object for its type, which makes the compiled form. `compiling.py` makes it; `cache.py` keeps
its code.

With NUMBA_DISABLE_JIT=1 kernels are plain Python functions, slow, and a debugger can step into them. Numbers are the
same; see `_plain` for the differences.
"""

import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..layout import AccountArrays, LogArrays, MarketArrays, RecordArrays, WaitingArrays
from .structs import by_address

Function = Callable[..., Any]

#: True if kernels run as plain Python.
PLAIN = os.environ.get("NUMBA_DISABLE_JIT", "") not in ("", "0")

_MAKING = threading.RLock()

for _struct in (AccountArrays, LogArrays, MarketArrays, RecordArrays, WaitingArrays):
    by_address(_struct)  # here, because the layout must not import kernels


class Kernel:
    """A function that is compiled when first called, from Python or from another kernel."""

    def __init__(self, function: Function, *, is_inlined: bool = False) -> None:
        functools.update_wrapper(self, function)
        self.__qualname__ = function.__qualname__
        self.py_func = function
        self.is_inlined = is_inlined

    @property
    def dispatcher(self) -> Any:
        """The compiled form that is called from Python."""
        with _MAKING:
            if "_dispatcher" not in self.__dict__:
                from .compiling import make_dispatcher

                self._dispatcher = made = make_dispatcher(self.py_func, is_inlined=self.is_inlined)
                # A class for each kernel: the interpreter then calls the compiled form without a Python frame between.
                self.__class__ = type(type(self).__name__, (type(self),), {"__call__": staticmethod(made)})
            return self._dispatcher

    def __call__(self, *args: Any, **kws: Any) -> Any:
        """Compile the function if needed, and call it. Raises TypeError for an inlined kernel."""
        return self.dispatcher(*args, **kws)

    @property
    def _numba_type_(self) -> Any:
        return self.dispatcher._numba_type_

    def __repr__(self) -> str:
        """Name the function, whether compiled or not."""
        return f"<kernel {self.__module__}.{self.__qualname__}>"

    def __reduce__(self) -> Any:
        """Pickled by name; by value if the name means something else where it is read."""
        known = getattr(sys.modules.get(self.__module__), self.__qualname__, None)
        if known is self and self.__module__ != "__main__":
            return self.__qualname__
        return inlined_kernel if self.is_inlined else kernel, (self.py_func,)


class Primitive:
    """An intrinsic that kernels can call; made when a kernel that calls it is compiled."""

    def __init__(self, load: Callable[[], Any]) -> None:
        functools.update_wrapper(self, load)
        self.__name__ = load.__name__
        self.load = load

    @functools.cached_property
    def _numba_type_(self) -> Any:
        from numba.core.registry import cpu_target

        intrinsic = self.load()
        cpu_target.typing_context.refresh()  # reads the registrations made since
        return cpu_target.typing_context.resolve_value_type(intrinsic)

    def __call__(self, *args: Any) -> Any:
        """Raise TypeError: there is no entry point for Python."""
        raise TypeError(f"{self.__name__}: only kernels can call it")


def kernel(function: Function) -> Function:
    """Compile `function` when first called, without Python objects, fastmath, threads or reference counting; its code
    is kept on disk.

    There are two compiled forms, each made when first needed: the one that is returned is called from Python; other
    kernels call one without the code that unpacks Python arguments, which takes half of the time to compile it.
    """
    return _plain(function) if PLAIN else Kernel(function)


def inlined_kernel(function: Function) -> Function:
    """A small step of a hot path: its machine code is put into the kernels that call it, and Python cannot call it.

    A call would cost more than the step, above all where arrays are passed by value (eight words each). The entry point
    for Python, which is left out, takes half of the time to compile it.
    """
    return _plain(function) if PLAIN else Kernel(function, is_inlined=True)


def primitive(plain: Function) -> Callable[[Callable[[], Any]], Any]:
    """Decorate a function that imports and returns an intrinsic of numba. plain: does the same in Python."""
    return lambda load: plain if PLAIN else Primitive(load)


def _plain(function: Function) -> Function:
    """Let integers wrap and divisions by zero pass without a warning, as in compiled code."""
    return np.errstate(all="ignore")(function)
