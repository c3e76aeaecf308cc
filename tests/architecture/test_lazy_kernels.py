"""A kernel that is defined costs nothing until it is called, and then no more than numba's own call."""

import pickle

import pytest
from clearsim.kernels import jit
from clearsim.kernels.book.bitmap import next_level, trailing_zeros
from clearsim.kernels.rounding import mul_div_floor

from tests.architecture.kernel_processes import run_python


def test_numba_is_not_imported_before_a_kernel_is_called(tmp_path):
    program = """
import importlib, pkgutil, sys
import clearsim.kernels, clearsim.reduced.kernels
compiled = {"addresses", "cache", "compiling", "intrinsics"}
for package in (clearsim.kernels, clearsim.reduced.kernels):
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in compiled:
            importlib.import_module(f"{package.__name__}.{module.name}")
print(len(sys.modules["clearsim.kernels.step"].trade.__doc__) > 0, {"numba", "llvmlite"} & set(sys.modules))
"""
    assert run_python(program, cache=tmp_path) == ["True set()"]


@pytest.mark.skipif(jit.PLAIN, reason="kernels are plain Python")
class TestCompiled:
    def test_the_interpreter_calls_the_compiled_form_itself(self):
        assert mul_div_floor(10**18, 10**18, 10**18) == 10**18
        assert vars(type(mul_div_floor))["__call__"].__func__ is mul_div_floor.dispatcher

    def test_the_python_function_is_kept(self):
        assert mul_div_floor.py_func.__name__ == mul_div_floor.__name__ == "mul_div_floor"

    def test_inlined_kernels_and_primitives_refuse_python(self):
        with pytest.raises(TypeError, match="next_level is an inlined kernel"):
            next_level(1, 2, 3)
        with pytest.raises(TypeError, match="trailing_zeros: only kernels can call it"):
            trailing_zeros(8)

    def test_a_kernel_is_pickled_by_name(self):
        assert pickle.loads(pickle.dumps(mul_div_floor)) is mul_div_floor
