"""With NUMBA_DISABLE_JIT=1 kernels are Python functions, and a run gives the same results, bit for bit.

The run is the reference market with 300 traders in 40 s: its fall comes after 20 s, empties the fund and leads to ADL.
"""

import json

from tests.architecture.kernel_processes import ROOT, run_python

PROGRAM = """
import sys
from clearsim.cli import main
sys.argv = ["clearsim", "run", "short.yaml", "--traders", "300", "--no-report", "--out", {out!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("numba" in sys.modules)
"""


def shorten(text):
    """The reference market with its shock, its whale and its end earlier."""
    changes = {
        "shock_ms: 240000": "shock_ms: 20000",
        "duration_s: 600": "duration_s: 40",
        "start_s: 300, duration_s: 120": "start_s: 5, duration_s: 20",
    }
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def test_plain_python_gives_the_results_of_compiled_kernels(tmp_path, monkeypatch):
    from clearsim.kernels.cacheroot import cache_root

    (tmp_path / "short.yaml").write_text(shorten((ROOT / "configs" / "base.yaml").read_text()))
    cache = cache_root()  # that of all tests: the run compiles nothing that others have
    go = f"import os; os.chdir({str(tmp_path)!r})\n"
    compiled = run_python(go + PROGRAM.format(out="compiled"), cache=cache)
    plain = run_python(go + PROGRAM.format(out="plain"), cache=cache, NUMBA_DISABLE_JIT="1")
    assert (compiled[-1], plain[-1]) == ("True", "False")
    manifests = [json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("compiled", "plain")]
    assert manifests[0]["result_hash"] == manifests[1]["result_hash"]
    assert any("ADL 5 accounts" in line for line in plain)  # the run reaches the end of the waterfall
