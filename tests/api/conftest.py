"""Small runs and studies that the tests of the API share."""

import clearsim
import pytest


@pytest.fixture(scope="session")
def config():
    """The reference market, 300 traders, its shock ten seconds into one minute."""
    return clearsim.load("base").with_traders(300).with_({"duration_s": 60, "markets[0].price.shock_ms": 10_000})


@pytest.fixture(scope="session")
def result(config):
    """One run of it, in memory, with its events."""
    return clearsim.run(config)


@pytest.fixture(scope="session")
def study(config):
    """Two shocks x two funds."""
    return clearsim.Study(
        config,
        name="small",
        uncertainties=[clearsim.Uncertainty("shock", path="markets[0].price.shock_fraction", low=-0.2, high=-0.1)],
        levers=[clearsim.Lever("fund", path="funds[0].seed_quote", values=[50_000, 500_000])],
        design=clearsim.designs.grid(n=2),
    )


@pytest.fixture(scope="session")
def swept(study):
    """The study, run in this process."""
    return clearsim.sweep(study, executor="serial")


@pytest.fixture(scope="session")
def answer():
    """A fund for one day of the reduced reference market."""
    return clearsim.size_fund("btc", "P(ADL within 1d) < 0.05", budget=65_536, spread=0)
