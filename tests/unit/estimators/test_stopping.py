"""Stopping at a number of events leaves an unbiased estimate with an exact interval."""

import numpy as np
import pytest
from clearsim.analysis.estimators.stopping import events_for, stopped_at_events
from scipy import stats


def test_events_for_a_width():
    """(1.96 / 0.1)^2 = 384.1; (1.96 / 0.2)^2 = 96.04."""
    assert events_for(0.1) == 385
    assert events_for(0.2) == 97
    with pytest.raises(ValueError, match="relative_half_width"):
        events_for(0)


def test_the_estimate_is_unbiased():
    """E[(k-1)/(N-1)] = p exactly: summed over the negative binomial law, k = 5, p = 0.03."""
    n = np.arange(5, 1_500)
    law = stats.nbinom.pmf(n - 5, 5, 0.03)
    values = [stopped_at_events(5, int(size)).value for size in n]
    assert (law * values).sum() == pytest.approx(0.03, rel=1e-9)
    assert (law * 5 / n).sum() > 0.035  # the plain share is 23% too high


def test_the_interval_inverts_the_negative_binomial():
    estimate = stopped_at_events(10, 400)
    assert stats.nbinom.cdf(390, 10, estimate.low) == pytest.approx(0.025, rel=1e-9)
    assert stats.nbinom.sf(389, 10, estimate.high) == pytest.approx(0.025, rel=1e-9)
    assert stopped_at_events(3, 3).high == 1.0


@pytest.mark.parametrize(("events", "n"), [(1, 100), (10, 9)])
def test_too_few_events_are_refused(events, n):
    with pytest.raises(ValueError, match="at least 2 events"):
        stopped_at_events(events, n)


def test_exact_coverage_over_the_law_of_the_stopping_time():
    """Sum of the law over the n whose interval holds p: at least 0.95 at k = 8 for several p."""
    for p in (0.02, 0.1, 0.4):
        n = np.arange(8, int(60 / p))
        law = stats.nbinom.pmf(n - 8, 8, p)
        low = stats.beta.ppf(0.025, 8, n - 8 + 1)
        high = np.where(n > 8, stats.beta.isf(0.025, 8, np.maximum(n - 8, 1)), 1.0)
        ends = stopped_at_events(8, int(n[40]))
        assert (ends.low, ends.high) == pytest.approx((low[40], high[40]))
        assert law[(low <= p) & (p <= high)].sum() >= 0.95 * law.sum()
