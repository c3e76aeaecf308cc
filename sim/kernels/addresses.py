"""Numba's types for structs of arrays that are held by address (`structs.py`, `packed.py`). Imports numba."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing.typeof import typeof, typeof_impl
from numba.extending import NativeValue, intrinsic, register_model, unbox

from .structs import call_for_each_struct

# LLVM attributes of an argument that is such an address. LLVM 21 renamed one.
_NOT_KEPT = "captures(none)" if "captures(none)" in ir.values.ArgumentAttributes._known else "nocapture"
_ATTRIBUTES = ("noalias", "readonly", "nonnull", _NOT_KEPT)


#: Compiled types of the struct classes that have been packed.
_PACKED: dict[type, "StructType"] = {}


class StructType(types.NamedTuple):
    """Compiled type of a NamedTuple class registered with `by_address`."""


def _register(struct: type) -> None:
    @typeof_impl.register(struct)
    def _type_of(value: Any, context: Any) -> StructType:
        return StructType([typeof_impl(field, context) for field in value], struct)


call_for_each_struct(_register)


@register_model(StructType)
class _StructModel(models.PrimitiveModel):
    """The address of a struct with the fields' own representations."""

    def __init__(self, manager: Any, struct: StructType) -> None:
        fields = ir.LiteralStructType([manager.lookup(field).get_value_type() for field in struct.types])
        super().__init__(manager, struct, fields.as_pointer())

    def from_argument(self, builder: Any, value: Any) -> Any:
        for attribute in _ATTRIBUTES:
            set.add(value.attributes, attribute)  # its own add() refuses `readonly`, which LLVM accepts
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


def note_packed(struct: Any) -> None:
    """Remember the compiled type of a struct that is packed; TypeError if its class was packed as another type."""
    kind = typeof(struct)
    if _PACKED.setdefault(type(struct), kind) != kind:
        raise TypeError(f"{type(struct).__name__} was packed as {_PACKED[type(struct)]}, not as {kind}")


def reader_of(struct: type) -> Any:
    """Return the intrinsic that reads a struct of this class from the words of a Packed: f(words, place number)."""

    @intrinsic
    def read(context: Any, words: Any, number: Any) -> Any:
        kind = _PACKED[struct]

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=arguments[0])
            place = builder.load(builder.gep(array.data, [arguments[1]]))
            return builder.bitcast(builder.gep(array.data, [place]), context.get_value_type(kind))

        return kind(words, types.int64), generate

    return read
