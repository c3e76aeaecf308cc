"""Instructions of the processor that numba does not offer. Imports numba: load it when a kernel is compiled."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.cpython.unsafe.numbers import leading_zeros, trailing_zeros
from numba.extending import intrinsic

__all__ = ["leading_zeros", "prefetch", "trailing_zeros"]

_FOR_WRITING, _KEEP, _DATA = 1, 3, 1


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Start to fetch item `index` of a C-contiguous array, counted flat."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        start = builder.bitcast(view.data, cgutils.voidptr_t)
        address = builder.gep(start, [builder.mul(args[1], view.itemsize)])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
        builder.call(function, [address, number(_FOR_WRITING), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return types.none(array, types.intp), generate
