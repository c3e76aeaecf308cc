"""report.html: one file, no requests, the same bytes for the same folder, and the honest words in the right place."""

import re

import pytest
from clearsim.analysis.comparisons import measure, read_comparisons
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.reports.provenance import find_value, origins, shorten
from clearsim.analysis.reports.run_report import write_report
from clearsim.analysis.reports.run_trust import examine
from clearsim.analysis.run_folder import open_run

from tests.worlds.accounts import START_PRICE
from tests.worlds.results import write_part, write_quiet, write_rich

LARGEST = 8_000_000


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    folder = write_rich(tmp_path_factory.mktemp("rich"), step_check=step_check(0.081))
    write_report(folder)
    return folder


def step_check(share):
    return {"refine": 4, "shortfall_quanta": 10**9, "shortfall_refined_quanta": 9 * 10**8, "vanishing_share": share}


def own_text(folder):
    """The report without plotly.js and without the data of figures."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    return re.sub(r"<script[ >].*?</script>", "", text, flags=re.DOTALL)


def test_the_report_asks_for_nothing_outside_itself(rich):
    page = (rich / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""<(script|link|img|iframe|source)[^>]*\s(src|href)\s*=""", page)
    assert "://" not in own_text(rich)
    figures = re.findall(r'<script type="application/json">(.*?)</script>', page, flags=re.DOTALL)
    assert len(figures) == 15
    assert not any("http" in figure for figure in figures)
    (call,) = re.findall(r"Plotly\.newPlot\(.*?\);\}</script>", page, flags=re.DOTALL)
    assert '"showSendToCloud":false' in call
    assert '"plotlyServerURL":""' in call


def test_plotly_is_inside_once_and_the_file_is_small(rich):
    page = (rich / "report.html").read_bytes()
    assert page.count(b"plotly.js v") == 1
    assert len(page) < LARGEST


def test_the_same_folder_gives_the_same_bytes(rich, tmp_path):
    again = write_rich(tmp_path / "elsewhere", step_check=step_check(0.081))
    write_report(again)
    assert (again / "report.html").read_bytes() == (rich / "report.html").read_bytes()


def test_warnings_come_first(rich, tmp_path):
    text = own_text(rich)
    box = text.index("Read this first")
    assert box < text.index("class='cards'") < text.index("id='who-paid'")
    assert "8.1%, no interval, from 1 pair of runs (shortfall 1,000.000000 USDT, " in text[box : box + 500]
    write_report(write_quiet(tmp_path, step_check=step_check(0.05)))
    assert "Read this first" not in own_text(tmp_path)


def test_the_report_shows_sums_and_they_are_zero(rich):
    text = own_text(rich)
    table = text[text.index("id='who-paid'") : text.index("harm of ADL")]
    last = re.search(r'<tr class="sum">(.*?)</tr>', table).group(1)
    *zeros, gained, lost = re.findall(r'<td class="n">(.*?)</td>', last)
    assert [cell.count('class="dim">0<') for cell in zeros[2:]] == [1] * 4
    assert gained == lost != zeros[-1]
    paid = text[: text.index("harm of ADL")]
    assert '-120,000<span class="dim">.000000</span>' in paid  # what the fund lost, to the last quantum


def test_text_of_the_config_is_shown_as_text(rich):
    text = own_text(rich)
    assert "made up &amp; shown &lt;as text&gt;" in text
    assert "<as text>" not in text


@pytest.mark.parametrize(
    ("column", "value", "subject"),
    [
        ("step_ratio_worst", 1.2, "Time step"),
        ("bad_debt_quanta", 5, "Bad debt"),
        ("residual_quanta", 1, "Sum of all balances"),
        ("status", "stopped", "End of the run"),
    ],
)
def test_what_must_be_known_is_a_warning(tmp_path, column, value, subject):
    folder = write_quiet(tmp_path)
    run = open_run(folder)
    row = {name: [run.run[name]] for name in run.run.index} | {column: [value]}
    write_part(folder, "runs", row)
    warned = [finding.subject for finding in examine(open_run(folder)) if finding.warns]
    assert len(warned) == 1
    assert warned[0].startswith(subject)


def test_what_was_not_measured_is_reported(tmp_path):
    findings = {finding.subject: finding for finding in examine(open_run(write_quiet(tmp_path)))}
    assert findings["Shortfall that vanishes with steps a quarter as long (dt/4)"].result == "not measured"
    assert findings["Impact of the venue's flow on the index"].result == "BTCUSDT: exogenous (0)"


def test_a_failed_report_leaves_nothing(tmp_path):
    folder = write_quiet(tmp_path)
    for part in (folder / "accounts").iterdir():
        part.unlink()
    with pytest.raises(AnalysisError, match="table accounts is missing"):
        write_report(folder)
    assert not list(folder.glob("*report*"))


def test_provenance_shows_the_values_its_paths_point_to(rich):
    rows = {row.path: row for row in origins(open_run(rich))}
    assert [row.status for row in rows.values()] == ["fact", "scaled", "assumption"]
    assert rows["funds[0].seed_quote"].value == "120000"
    assert rows["markets[0].fees"].value == "taker_ppm 500"


@pytest.mark.parametrize(
    ("path", "value"),
    [("a[1].b", 2), ("a[*].b", [1, 2]), ("m.n[*]", 5), ("m.n[0]", 5), ("a[7].b", None), ("x.y", None)],
)
def test_a_path_finds_its_value(path, value):
    assert find_value({"a": [{"b": 1}, {"b": 2}], "m": {"n": [5]}}, path) == value


def test_long_values_are_shortened():
    assert shorten(list(range(100))).startswith("100 entries: 0, 1, 2")
    assert len(shorten("x" * 500)) <= 91


def test_a_record_is_compared_with_the_run(tmp_path):
    folder = write_quiet(tmp_path)
    with (folder / "config.yaml").open("a") as config:
        config.write(
            "comparisons: [{name: recorded-mark, market: BTCUSDT, quantity: mark, source: by hand, points: ["
            "{utc: 2025-10-10T20:00:00Z, price: '1'}, {utc: 2025-10-10T20:31:00Z, price: '116000'},"
            "{utc: '2025-10-10T20:32:00Z', price: '100000'}]}]\n"
        )
    run = open_run(folder)
    (record,) = read_comparisons(run)
    assert record.time_ms.tolist() == [60_000, 120_000]  # what lies before the run is left out
    distance = measure(record, run.of_market("BTCUSDT"))
    assert (distance.recorded_low, distance.run_low) == (100_000, START_PRICE["BTCUSDT"])
    assert distance.worst_gap == pytest.approx(0.16)
    assert distance.mean_gap == pytest.approx(0.08)
    write_report(folder)
    assert "Comparison with recorded prices" in own_text(folder)
