"""Tails by threshold: planted laws are recovered, the rule for the threshold, coverage of the intervals."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.calibration.price_windows import PriceRows
from clearsim.analysis.calibration.threshold_table import (
    MIN_BLOCKS,
    candidate_thresholds,
    choose,
    fit_tail,
    is_stable,
    percentiles,
    resample,
)
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.estimators.gpd import fit_excesses, fit_resampled
from scipy import stats

HOUR = 3_600_000
RATE, XI, BETA, THRESHOLD = 87.6, 0.277, 0.0099, 0.0275


def planted(seed, *, years=5, rate=RATE, xi=XI):
    """(rows, sizes): hours with falls of .001, and at `rate` a year one beyond THRESHOLD of the stated law."""
    generator = np.random.default_rng(seed)
    n = years * 8760
    sizes = np.full(n, 0.001)
    hit = generator.random(n) < rate / 8760
    sizes[hit] = THRESHOLD + stats.genpareto.rvs(xi, scale=BETA, size=hit.sum(), random_state=generator)
    start, zero = np.arange(n) * HOUR, np.zeros(n)
    return PriceRows(start, start + HOUR, zero, zero, -sizes, np.full(n, HOUR), HOUR), sizes


def fit(rows, sizes, *, threshold=None, resamples=300, gap_ms=0):
    drawn = resample(rows, resamples=resamples, seed=1)
    return fit_tail(rows, sizes, gap_ms=gap_ms, threshold=threshold, resampled=drawn, level=0.95)


def test_a_planted_law_is_recovered():
    """n about 438: s.e. of the rate 4.2, of xi .061, of beta .00076; within 4 of each. 20 years: half of that."""
    for years, part in ((5, 1.0), (20, 0.5)):
        law = fit(*planted(3, years=years), threshold=THRESHOLD, resamples=50).law
        assert law["rate"] == pytest.approx(RATE, abs=4 * 4.2 * part)
        assert law["xi"] == pytest.approx(XI, abs=4 * 0.061 * part)
        assert law["beta"] == pytest.approx(BETA, abs=4 * 0.00076 * part)


def test_the_law_is_held_against_the_record():
    """Expected beyond a fall of 5% (log .05129) in 20 years: 1,752 x (1 + .277 x .02379 / .0099)^(-1/.277) = 278."""
    rows, sizes = planted(3, years=20)
    check = fit(rows, sizes, threshold=THRESHOLD, resamples=100).check.set_index("size")
    assert check["expected"][0.05] == pytest.approx(278, abs=3 * 278**0.5)
    assert check["recorded"][0.05] == (sizes > -np.log(0.95)).sum()
    assert check["low"][0.05] < check["expected"][0.05] < check["high"][0.05]


def test_resampled_fits_are_fits_of_the_samples():
    excesses = np.random.default_rng(0).exponential(size=30)
    counts = np.random.default_rng(1).multinomial(30, np.full(30, 1 / 30), size=4)
    xi, beta = fit_resampled(excesses, counts)
    for place, times in enumerate(counts):
        alone = fit_excesses(np.repeat(excesses, times))
        assert (xi[place], beta[place]) == pytest.approx([float(value) for value in alone], rel=1e-9)


def test_a_sample_of_one_value_has_no_fit():
    xi, beta = fit_resampled([1.0, 2.0], [[3, 0], [1, 1]])
    assert np.isnan(xi[0])
    assert np.isnan(beta[0])
    assert np.isfinite(xi[1])


def test_thresholds_are_the_lowest_with_no_more_events_than_their_rate():
    """400 falls of .01005, .01015, ... .04995 in ten years: 100 of them, 10 a year, are beyond .04; 15: .035; 20: .03;
    30: .02. All together are 40 a year."""
    n = 87_600
    sizes = np.zeros(n)
    sizes[np.arange(400) * 200] = 0.01005 + 0.0001 * np.arange(400)
    start, zero = np.arange(n) * HOUR, np.zeros(n)
    rows = PriceRows(start, start + HOUR, zero, zero, -sizes, np.full(n, HOUR), HOUR)
    assert candidate_thresholds(rows, sizes, 0) == [0.02, 0.03, 0.035, 0.04]


def made_table(xi, half, *, n=(400, 200, 100), rate=(85.0, 40.0, 20.0)):
    xi = np.array(xi)
    return pd.DataFrame({"n": n, "rate": rate, "xi": xi, "xi_low": xi - half, "xi_high": xi + half})


def test_the_rule_takes_the_lowest_stable_threshold():
    assert choose(made_table([0.3, 0.25, 0.2], 0.11)) == (0, True)
    assert choose(made_table([0.3, 0.1, 0.12], 0.11)) == (1, True)
    assert choose(made_table([0.3, 0.25, 0.2], 0.11, rate=(120, 60, 30))) == (1, True)
    assert choose(made_table([0.3, 0.25, 0.0], 0.11)) == (2, True)
    assert choose(made_table([0.3, 0.25, 0.0], 0.11, n=(400, 200, 40))) == (0, True)
    assert not is_stable(made_table([0.3, 0.1, 0.12], 0.11), 0)


def test_a_short_record_has_no_intervals():
    rows, sizes = planted(1, years=1)
    short = rows.part(0, 8_000)  # 11.1 blocks of 30 days make 12, the last in part
    assert resample(short, resamples=100, seed=0) is not None
    shorter = rows.part(0, 30 * 24 * (MIN_BLOCKS - 1) - 1)
    assert resample(shorter, resamples=100, seed=0) is None
    law = fit(shorter, sizes[: len(shorter.low)], threshold=THRESHOLD).law
    assert np.isfinite(law["xi"])
    assert np.isnan(law["xi_low"])


def test_too_few_events_are_refused():
    rows, sizes = planted(1, years=1, rate=20)
    with pytest.raises(AnalysisError, match="a tail needs 30 events, found"):
        fit(rows, sizes, threshold=THRESHOLD)


def test_percentiles_of_no_samples_are_not_known():
    assert np.isnan(percentiles(np.empty(0), 0.95)).all()
    assert percentiles(np.arange(1001.0), 0.95) == (25.0, 975.0)


@pytest.mark.slow
@pytest.mark.parametrize(("years", "rate", "xi"), [(5, RATE, XI), (2, RATE, XI), (5, 30, XI), (5, RATE, 0.1)])
def test_intervals_hold_the_planted_law(years, rate, xi):
    """Coverage of 95% intervals in 300 records within 88-98%: 3 s.e. of .95 are .04."""
    held = np.zeros(3)
    for seed in range(300):
        law = fit(*planted(1000 + seed, years=years, rate=rate, xi=xi), threshold=THRESHOLD, resamples=500).law
        truth = {"rate": rate, "xi": xi, "beta": BETA}
        held += [law[f"{name}_low"] <= value <= law[f"{name}_high"] for name, value in truth.items()]
    assert np.all((held / 300 >= 0.88) & (held / 300 <= 0.98)), held / 300
