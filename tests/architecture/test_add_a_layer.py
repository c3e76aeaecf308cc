"""A waterfall layer with a reason of its own touches its file, `waterfall.py`, `layout.py` (the reason), `results.py`
(the flow) and RULES.md; totals, tables, charts, console and the shortfall follow.

The layer is added to a copy of the package, run there as plain Python, and looked at from outside.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.architecture.kernel_processes import ROOT, run_python

LAYER = '''"""Members of the venue pay ENGINE's negative equity from outside."""

from typing import Literal

from ..kernels.clearing.payments import one_payment
from ..layout import OUTSIDE, Reason
from .desk import Desk, LayerBase, Round


class MemberFundLayer(LayerBase):
    """ENGINE's negative equity is paid from outside."""

    kind: Literal["member_fund"] = "member_fund"

    def run(self, desk: Desk, round_: Round) -> None:
        """Pay every ENGINE up to zero."""
        for scope in desk.scopes:
            worth, _ = desk.standing_of(scope.engine)
            if worth < 0:
                bill = one_payment(payer=OUTSIDE, payee=scope.engine, quote=-worth, market=scope.market)
                desk.pay(bill, Reason.MEMBER_FUND)
'''
#: File -> (text, its replacement): all that a layer with a reason of its own changes, besides its file and RULES.md.
EDITS = {
    "clearing/waterfall.py": [
        ("from .takeover import", "from .member_fund import MemberFundLayer\nfrom .takeover import"),
        ("    TakeoverLayer | InsuranceFundLayer", "    MemberFundLayer | TakeoverLayer | InsuranceFundLayer"),
    ],
    "layout.py": [("    ROUNDING = 15\n", "    ROUNDING = 15\n    MEMBER_FUND = 16\n")],
    "results.py": [
        (
            "\nrounding  ",
            "\nmember_fund | MEMBER_FUND | clearing | member fund | | member fund | 5 | silver | member_fund_quanta"
            "\nrounding  ",
        ),
    ],
}
PROGRAM = """
import json
import clearsim
from clearsim.analysis.who_paid import loss_waterfall
from clearsim.cli.run_texts import memo_lines
from clearsim.runs.shortfall import shortfall_quanta
config = clearsim.load("gap-through-bankruptcy").with_({
    "duration_s": 62, "waterfall": [{"kind": "takeover"}, {"kind": "member_fund"}, {"kind": "insurance_fund"}]})
result = clearsim.run(config)
row = result.summary(units="quanta")
print(json.dumps({
    "paid": int(row["member_fund_quanta"]),
    "sampled": result.series(units="quanta")["member_fund_quanta"].tolist()[-1],
    "shortfall": shortfall_quanta(row) - int(row["fund_draw_quanta"]),
    "payer": loss_waterfall(result.accounts(units="quanta"))["payers"]["member fund"],
    "results": int(result.who_paid(units="quanta")["result_quanta"].sum()),
    "console": [line for line in memo_lines(row, config) if "member fund" in line],
    "chart": str(result.figure("loss-waterfall").data[0].x),
}))
"""


def copied_package(folder: Path) -> Path:
    """A copy of the package, with the layer added."""
    package = folder / "clearsim"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sim", package, ignore=ignore)
    for name in ("analysis", "configs"):
        shutil.copytree(ROOT / name, package / name, ignore=ignore)
    (package / "clearing" / "member_fund.py").write_text(LAYER)
    for name, changes in EDITS.items():
        text = (package / name).read_text()
        for before, after in changes:
            assert text.count(before) == 1, (name, before)
            text = text.replace(before, after)
        (package / name).write_text(text)
    return folder


@pytest.mark.slow
def test_a_layer_with_a_new_reason_is_everywhere_it_must_be(tmp_path: Path) -> None:
    """The gap leaves ENGINE with 0.2 BTC at 43,000, taken over at 45,000: -400 USDT, which the members pay at once."""
    root = copied_package(tmp_path)
    found = json.loads(run_python(PROGRAM, cache=tmp_path / "cache", root=root, NUMBA_DISABLE_JIT="1")[-1])
    assert {name: found[name] for name in ("paid", "sampled", "shortfall", "payer", "results")} == {
        "paid": 400_000_000,
        "sampled": 400_000_000,
        "shortfall": 400_000_000,
        "payer": 400_000_000,
        "results": 0,
    }
    assert found["console"] == ["socialised loss 0, bad debt 0 USDT, member fund 400"]
    assert "member" in found["chart"]


def test_the_edits_of_a_new_layer_still_apply(tmp_path: Path) -> None:
    """The texts that the slow test replaces are in the files, once each: at most four files beside RULES.md's entry."""
    copied_package(tmp_path)
    assert len(EDITS) + 1 == 4
