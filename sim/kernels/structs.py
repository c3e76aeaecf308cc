"""How compiled code holds a struct of arrays: by address.

numba passes a NamedTuple by value. Each of the seven or more words of each of its arrays becomes an argument: over 150
for accounts, markets and log, taken apart and put together again in every kernel that hands them on. That was most of
the time to compile and of a call. Here the struct lives once, in the stack frame of the call from Python; kernels read
the fields they use through its address. A field is never assigned and an address never kept, so the optimiser may take
fields as constant while a kernel runs.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing.typeof import typeof, typeof_impl
from numba.extending import NativeValue, intrinsic, register_model, unbox

Struct = TypeVar("Struct", bound=type)

# What is true of an argument that is such an address. LLVM 21 renamed one.
_NOT_KEPT = "captures(none)" if "captures(none)" in ir.values.ArgumentAttributes._known else "nocapture"
_ATTRIBUTES = ("noalias", "readonly", "nonnull", _NOT_KEPT)


#: Compiled types of the struct classes that have been packed.
_PACKED: dict[type, "StructType"] = {}


class StructType(types.NamedTuple):
    """Compiled type of a NamedTuple class registered with `by_address`."""


def by_address(struct: Struct) -> Struct:
    """Make kernels take values of this NamedTuple class, whose fields are all arrays, by address."""

    @typeof_impl.register(struct)
    def _type_of(value: Any, context: Any) -> StructType:
        return StructType([typeof_impl(field, context) for field in value], struct)

    return struct


@register_model(StructType)
class _StructModel(models.PrimitiveModel):
    """The address of a struct with the fields' own representations."""

    def __init__(self, manager: Any, struct: StructType) -> None:
        fields = ir.LiteralStructType([manager.lookup(field).get_value_type() for field in struct.types])
        super().__init__(manager, struct, fields.as_pointer())

    def from_argument(self, builder: Any, value: Any) -> Any:
        for attribute in _ATTRIBUTES:
            set.add(value.attributes, attribute)  # its own add() refuses `readonly`, which LLVM knows
        return value


@lower_getattr_generic(StructType)  # type: ignore[untyped-decorator]
def _load_field(context: Any, builder: Any, struct: StructType, address: Any, name: str) -> Any:
    index = struct.fields.index(name)
    field = builder.load(cgutils.gep_inbounds(builder, address, 0, index))
    return impl_ret_borrowed(context, builder, struct.types[index], field)


@unbox(StructType)  # type: ignore[untyped-decorator]
def _take_apart(struct: StructType, value: Any, c: Any) -> NativeValue:
    """Copy the NamedTuple's arrays into a struct in the frame of the call."""
    layout = ir.LiteralStructType([c.context.get_value_type(kind) for kind in struct.types])
    address = cgutils.alloca_once(c.builder, layout)
    is_error = cgutils.false_bit
    fields = []
    for index, kind in enumerate(struct.types):
        field = c.unbox(kind, c.pyapi.tuple_getitem(value, index))
        c.builder.store(field.value, cgutils.gep_inbounds(c.builder, address, 0, index))
        is_error = c.builder.or_(is_error, field.is_error)
        fields.append((kind, field.value))

    def release() -> None:
        for kind, field in fields:
            c.context.nrt.decref(c.builder, kind, field)

    return NativeValue(address, is_error=is_error, cleanup=release if c.context.enable_nrt else None)


class Packed:
    """Structs of arrays as one array of words, so that handing all of them to a kernel costs one argument.

    `words` starts with the place of each struct in it; `struct_at` reads them. The arrays must stay where they are: a
    struct that is replaced needs a new Packed. Raises TypeError if a class is packed with arrays of another kind than
    before.
    """

    def __init__(self, *structs: Any) -> None:
        self.structs = structs  # the words are addresses of their arrays
        places: list[int] = []
        words: list[int] = []
        for struct in structs:
            kind = typeof(struct)
            if _PACKED.setdefault(type(struct), kind) != kind:
                raise TypeError(f"{type(struct).__name__} was packed as {_PACKED[type(struct)]}, not as {kind}")
            places.append(len(structs) + len(words))
            for field in struct:
                words += [0, 0, field.size, field.itemsize, field.ctypes.data, *field.shape, *field.strides]
        self.words: npt.NDArray[np.int64] = np.array(places + words, np.int64)


def struct_at(struct: type) -> Any:
    """Return what reads, in a kernel, a struct of this class from the words of a Packed: f(words, place number)."""

    @intrinsic
    def read(context: Any, words: Any, number: Any) -> Any:
        kind = _PACKED[struct]

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=arguments[0])
            place = builder.load(builder.gep(array.data, [arguments[1]]))
            return builder.bitcast(builder.gep(array.data, [place]), context.get_value_type(kind))

        return kind(words, types.int64), generate

    return read
