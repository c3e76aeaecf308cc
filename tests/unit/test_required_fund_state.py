"""The required fund of a run: the greatest shortfall over time, of all funds together and of each alone."""

from clearsim.clearing.required_fund import RequiredFund


def test_the_greatest_shortfall_counts_and_income_is_netted():
    """Funds of 50 and 30: at (40, 35) they lack 5 together, at (-20, 30) 70; later gains change nothing."""
    required = RequiredFund.of([50, 30])
    required.note((40, 35))
    assert (required.together, required.of_fund) == (5, [10, 0])
    required.note((-20, 30))
    assert (required.together, required.of_fund) == (70, [70, 0])
    required.note((90, 90))
    assert (required.together, required.of_fund) == (70, [70, 0])


def test_a_fund_that_only_gains_needs_nothing():
    required = RequiredFund.of([50])
    required.note((60,))
    assert (required.together, required.of_fund) == (0, [0])
