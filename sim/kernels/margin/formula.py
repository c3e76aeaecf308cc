"""A margin requirement that is a function of a user's, called by address.

The function is compiled once per process, in a fraction of a second; the kernels that call it are those of all
schedules, compiled and kept once. (A function passed into a kernel as an argument would compile all of them anew for
every schedule.) The price is a call through a pointer, about 2 ns, paid by such schedules alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..jit import PLAIN, primitive

#: Takes three whole numbers and returns a number.
Formula = Callable[..., float]

#: Compiled functions, kept for as long as kernels may call them: address -> the compiled function.
_KEPT: dict[int, Any] = {}


@primitive(plain=lambda address, *arguments: _KEPT[int(address)](*map(int, arguments)))
def call_formula() -> Any:
    """f(address, lots, mark_value, entry_value) -> int64: call the function at an address of `address_of`."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic

    @intrinsic
    def call(context: Any, address: Any, lots: Any, mark_value: Any, entry_value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            word = ir.IntType(64)
            kind = ir.FunctionType(word, [word] * 3)
            return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

        return types.int64(*[types.int64] * 4), generate

    return call


def address_of(function: Formula) -> int:
    """Compile a function of three int64 that returns a number; return its address, for `call_formula`.

    What it returns is rounded up to a whole number. Where kernels are plain Python, a number that stands for it.
    Raises what numba raises for a function that it cannot compile.
    """
    if PLAIN:
        _KEPT[len(_KEPT) + 1] = _rounded_up(function)
        return len(_KEPT)
    import numba

    signature = "int64(int64, int64, int64)"
    compiled = numba.cfunc(signature, error_model="numpy")(_rounded_up(numba.njit(error_model="numpy")(function)))
    address = int(compiled.address or 0)
    _KEPT[address] = compiled
    return address


def _rounded_up(function: Formula) -> Callable[[int, int, int], Any]:
    def call(lots: int, mark_value: int, entry_value: int) -> Any:
        found = function(lots, mark_value, entry_value)
        whole = np.int64(found)
        return whole + 1 if whole < found else whole

    return call
