"""`size_fund`, `reverse_stress`, `adl_queue`, `who_would_be_deleveraged`: answers of the API."""

import json

import clearsim
import pytest


def test_an_answer_holds_its_interval_and_what_it_rests_on(answer, tmp_path):
    assert answer.low < answer.fund < answer.high
    assert answer.confirmed
    assert any(text.startswith("event: ADL begins") for text in answer.assumptions)
    assert answer.frame()["fund"].tolist() == [answer.fund]
    page = answer.save(tmp_path / "answer")
    saved = json.loads((tmp_path / "answer" / "answer.json").read_text())
    assert saved["fund"]["value"] == answer.fund == answer.data()["fund"]["value"]
    assert "clearsim.size_fund(" in page.read_text()
    assert answer.figure("curve").data
    assert "<svg" in answer._repr_html_()


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("P(ADL) > 0.1", {}, "use < in place of >"),
        ("P(ADL within 1d) < 0.05", {"level": 2}, "level must be at least 0.5"),
        ("P(ADL within 1d) < 0.05", {"budget": "soon"}, "budget must be a number of runs"),
        ("P(ADL within 1d) < 0.05", {"fidelity": "fast"}, "fidelity must be reduced or full"),
        ("P(ADL within 1d) < 0.05", {"settings": {"funds[0].seed": 1}}, "nothing at this path"),
    ],
)
def test_a_question_that_is_not_well_posed_is_refused(target, options, message):
    with pytest.raises(clearsim.ConfigError, match=message):
        clearsim.size_fund("btc", target, **options)


def test_a_larger_fund_needs_a_larger_fall():
    def smallest(fund):
        frontier = clearsim.reverse_stress(
            "btc", fund=fund, depth=[0], concentration=[0], runs=3, tolerance=0.02, fidelity="reduced"
        )
        return frontier.frame()["jump"].item()

    assert 0 < smallest(1e8) < smallest(1e9)
    with pytest.raises(clearsim.ConfigError, match="leverage must lie between 1 and 1000"):
        clearsim.reverse_stress("btc", leverage=0)


def test_progress_counts_the_runs():
    heard = []
    clearsim.reverse_stress("btc", depth=[0], concentration=[0], runs=3, tolerance=0.2, progress=heard.append)
    assert heard == list(range(3, 3 * len(heard) + 1, 3))
    paths = []
    clearsim.size_fund("btc", "P(ADL within 1d) < 0.05", budget=65_536, spread=0, progress=paths.append)
    assert paths == sorted(paths)
    assert paths[-1] == 2 * 65_536  # drawn, and once more with the fund


def test_the_queue_at_a_time_is_ranked_by_score_in_each_side(config, result):
    queue = clearsim.adl_queue(config, at=30)
    assert queue.attrs["market"] == "BTCUSDT"
    for _, side in queue.groupby("side"):
        assert side["place"].tolist() == list(range(1, len(side) + 1))
        assert side["score"].is_monotonic_decreasing
    assert queue["lots"].sum() == 0  # every contract has two sides
    again = clearsim.adl_queue(result, at="2025-01-01T00:00:30Z")
    assert again["account"].tolist() == queue["account"].tolist()


def test_who_would_be_deleveraged_takes_the_queue_from_its_front_until_enough_is_closed(config):
    queue = clearsim.adl_queue(config, at=30)
    longs, shorts = (queue[queue["side"] == side] for side in ("long", "short"))
    winners = shorts[shorts["profit_quote"] > 0]
    largest = longs.loc[longs["lots"].idxmax()]
    closed = clearsim.who_would_be_deleveraged(config, at=30)
    front = winners[winners["account"] != largest["account"]]
    assert closed["account"].tolist() == front["account"].tolist()[: len(closed)]
    assert closed["closed_lots"].sum() == min(largest["lots"], abs(front["lots"]).sum())
    assert closed["closed_lots"].tolist()[:-1] == abs(closed["lots"]).tolist()[:-1]  # only the last keeps a part
    named = clearsim.who_would_be_deleveraged(config, at=30, account=largest["account"], side="long")
    own = longs.loc[longs["account"] == largest["account"], "lots"].sum()
    assert named["closed_lots"].sum() == min(own, abs(front["lots"]).sum())
    assert largest["account"] not in set(named["account"])


def test_another_ranking_is_a_question_and_changes_no_run(config, result):
    first = clearsim.who_would_be_deleveraged(config, at=30)
    other = clearsim.who_would_be_deleveraged(config, at=30, ranking={"kind": "binance_wallet"})
    shared = clearsim.who_would_be_deleveraged(config, at=30, allocation="pro_rata")
    assert first["score"].tolist() != other["score"].tolist()
    assert shared["closed_lots"].sum() == first["closed_lots"].sum()
    assert len(shared) > len(first)  # every winner gives a share
    assert clearsim.run(config).result_hash == result.result_hash


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": 61}, "the run goes from"),
        ({"at": "noon"}, "must be seconds or a UTC time"),
        ({"at": "2025-01-01T00:00:30"}, "has no time zone"),
        ({"at": 30, "market": "ETH"}, "markets are BTCUSDT"),
        ({"at": 30, "side": "up"}, "long or short"),
        ({"at": 30, "account": "nobody"}, "nobody: holds no position"),
        ({"at": 30, "ranking": "fifo"}, "ranking.kind must be one of"),
    ],
)
def test_a_moment_that_is_none_is_refused(config, options, message):
    with pytest.raises(clearsim.ConfigError, match=message):
        clearsim.who_would_be_deleveraged(config, **options)


def test_the_citation_file_and_the_command_agree():
    from importlib.metadata import version
    from pathlib import Path

    import yaml
    from clearsim.api.cite import AUTHORS, LICENSE, TITLE, reference

    path = Path(__file__).resolve().parents[2] / "CITATION.cff"
    stated = yaml.safe_load(path.read_text())
    assert (stated["title"], stated["authors"], stated["license"]) == (TITLE, [{"name": AUTHORS}], LICENSE)
    assert str(stated["version"]) == version("clearsim")
    assert reference().startswith(f"{AUTHORS}. {TITLE}. Version {version('clearsim')}")
    assert reference("bibtex").startswith("@software{clearsim,")
