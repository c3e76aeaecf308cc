"""Numba's types for structs of arrays that are held by address (`structs.py`, `packed.py`). Imports numba."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing.typeof import typeof, typeof_impl
from numba.extending import NativeValue, register_model, unbox

from .structs import call_for_each_struct

# LLVM attributes of an argument that is such an address. LLVM 21 renamed one.
_NOT_KEPT = "captures(none)" if "captures(none)" in ir.values.ArgumentAttributes._known else "nocapture"
_ATTRIBUTES = ("noalias", "readonly", "nonnull", _NOT_KEPT)

#: Where a record scalar keeps the address of its data: behind the head of an object with a size.
_DATA_AT = object.__basicsize__ + np.dtype(np.intp).itemsize


class StructType(types.NamedTuple):
    """Compiled type of a NamedTuple class registered with `by_address`: a call from Python takes values apart."""

    def __init__(self, kinds: Any, struct: type) -> None:
        super().__init__(kinds, struct)
        fields = (f"{name}: {kind}" for name, kind in zip(self.fields, self.types, strict=True))
        self.name = f"{struct.__module__}.{struct.__qualname__}({', '.join(fields)})"  # by which kept code is found

    @property
    def mangling_args(self) -> tuple[str, tuple[()]]:
        """The part of this type in names of compiled functions: short, where numba's would be thousands of letters."""
        return f"{self.instance_class.__name__}.{hashlib.sha256(self.name.encode()).hexdigest()[:16]}", ()


class PackedType(StructType):
    """Compiled type of a class that extends `Packed`: a call from Python passes the address of the words."""


def _register(struct: type) -> None:
    kind = PackedType if issubclass(struct, np.void) else StructType

    @typeof_impl.register(struct)
    def _type_of(value: Any, context: Any) -> StructType:
        return kind([typeof_impl(getattr(value, name), context) for name in struct._fields], struct)  # type: ignore[attr-defined]


call_for_each_struct(_register)


#: Compiled types by what decides them: numba works a type out anew at every question.
_KIND_OF: dict[Any, Any] = {}


def kind_of(part: Any) -> Any:
    """Compiled type of a part of a struct: an array, a struct of arrays, or None."""
    signature = _signature(part)
    if signature not in _KIND_OF:
        _KIND_OF[signature] = typeof(part)
    return _KIND_OF[signature]


def _signature(part: Any) -> Any:
    if part is None:
        return None
    if isinstance(part, tuple):
        return (type(part), *map(_signature, part))
    flags = part.flags
    return part.dtype, part.ndim, flags.c_contiguous, flags.f_contiguous, flags.aligned, flags.writeable


def _layout(struct: StructType, value_type: Callable[[Any], Any]) -> ir.LiteralStructType:
    """The fields' own representations; a struct in a struct lies in it.

    value_type: the representation of a type that is not a struct.
    """
    return ir.LiteralStructType(
        [_layout(kind, value_type) if isinstance(kind, StructType) else value_type(kind) for kind in struct.types]
    )


@register_model(StructType)
@register_model(PackedType)
class _StructModel(models.PrimitiveModel):
    """The address of a struct."""

    def __init__(self, manager: Any, struct: StructType) -> None:
        layout = _layout(struct, lambda kind: manager.lookup(kind).get_value_type())
        super().__init__(manager, struct, layout.as_pointer())

    def from_argument(self, builder: Any, value: Any) -> Any:
        for attribute in _ATTRIBUTES:
            set.add(value.attributes, attribute)  # its own add() refuses `readonly`, which LLVM accepts
        return value


@lower_getattr_generic(StructType)  # type: ignore[untyped-decorator]
def _load_field(context: Any, builder: Any, struct: StructType, address: Any, name: str) -> Any:
    index = struct.fields.index(name)
    field = cgutils.gep_inbounds(builder, address, 0, index)
    if not isinstance(struct.types[index], StructType):
        field = builder.load(field)
    return impl_ret_borrowed(context, builder, struct.types[index], field)


@unbox(StructType)  # type: ignore[untyped-decorator]
def _take_apart(struct: StructType, value: Any, c: Any) -> NativeValue:
    """Copy the NamedTuple's arrays into a struct in the frame of the call."""
    address = cgutils.alloca_once(c.builder, _layout(struct, c.context.get_value_type))
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


@unbox(PackedType)  # type: ignore[untyped-decorator]
def _pass_on(struct: PackedType, value: Any, c: Any) -> NativeValue:
    """Pass the address of the words: read from the record scalar itself, or asked of NumPy, which is slower."""
    kind = c.context.get_value_type(struct)
    if _is_data_at(_DATA_AT):
        place = c.builder.gep(value, [ir.IntType(64)(_DATA_AT)])
        words = c.builder.load(c.builder.bitcast(place, kind.as_pointer()))
        return NativeValue(words)
    buffer = c.pyapi.alloca_buffer()
    words = c.builder.bitcast(c.pyapi.extract_record_data(value, buffer), kind)
    c.pyapi.release_buffer(buffer)
    return NativeValue(words, is_error=cgutils.is_null(c.builder, words))


def _is_data_at(offset: int) -> bool:
    """True if this NumPy keeps the address of a record scalar's data `offset` bytes into the object."""
    import ctypes

    rows = np.zeros(1, [("word", np.int64)])
    row = rows[0]
    return ctypes.c_void_p.from_address(id(row) + offset).value == rows.ctypes.data
