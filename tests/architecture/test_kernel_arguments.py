"""What kernels take: the exchange instead of its parts, and few arguments."""

import ast
from pathlib import Path

import pytest

#: Parts of the exchange, by the names that arguments have.
PARTS = {"accounts", "markets", "log", "header", "books", "stops", "thresholds", "records", "waiting"}
MAX_ARGUMENTS = 12


def kernels_of(source: str) -> dict[str, list[str]]:
    """Names of the arguments of every kernel in a source text."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            decorators = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
            if decorators & {"kernel", "inlined_kernel"}:
                found[node.name] = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    return found


def parts_side_by_side(arguments: list[str]) -> list[str]:
    """The parts of the exchange that a kernel takes, if they are more than two."""
    parts = [name for name in arguments if name in PARTS]
    return parts if len(parts) > 2 else []


SIM = Path(__file__).parents[2] / "sim"
KERNELS = {
    f"{path.relative_to(SIM)}:{name}": arguments
    for path in sorted(SIM.rglob("*.py"))
    for name, arguments in kernels_of(path.read_text(encoding="utf-8")).items()
}


def test_the_kernels_are_found():
    assert len(KERNELS) > 250
    assert KERNELS["kernels/ledger/transfer.py:touch"] == ["exchange", "row"]


def test_no_kernel_takes_three_parts_of_the_exchange_side_by_side():
    assert {name: parts for name, each in KERNELS.items() if (parts := parts_side_by_side(each))} == {}


def test_a_kernel_that_takes_the_exchange_takes_at_most_one_part_beside_it():
    """The accounts, or None: see `kernels/exchange.py`."""
    both = {name: set(each) & PARTS for name, each in KERNELS.items() if "exchange" in each}
    assert {name for name, parts in both.items() if parts - {"accounts"}} == set()


def test_no_kernel_has_more_than_a_dozen_arguments():
    assert {name: len(each) for name, each in KERNELS.items() if len(each) > MAX_ARGUMENTS} == {}


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        ("@kernel\ndef f(accounts, markets, row):", []),
        ("@inlined_kernel\ndef f(books, accounts, log, row):", ["books", "accounts", "log"]),
        ("def f(books, accounts, log):", None),
    ],
)
def test_the_check_sees_kernels_and_only_kernels(head, parts):
    found = kernels_of(f"{head}\n    return 0\n")
    assert (parts_side_by_side(found["f"]) if "f" in found else None) == parts
