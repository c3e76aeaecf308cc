"""The venue's own spot market in its index: the mixture by hand, and what is refused."""

import numpy as np
import pytest
from clearsim.config import load_config
from clearsim.errors import ConfigError
from clearsim.market.price import Waypoints
from clearsim.market.price.skeleton import PathContext
from clearsim.rng import Streams
from clearsim.runs.run import export_positions

POINTS = [{"t_s": t, "price": price} for t, price in ((0, 100), (10, 100), (20, 100), (30, 100), (40, 100))]


def prices(weight_ppm, own):
    """The index at the five waypoints, without noise between them."""
    process = Waypoints.model_validate(
        {
            "volatility_per_sqrt_s": 0,
            "points": POINTS,
            "own_spot": {"weight_ppm": weight_ppm, "points": [{"t_s": t, "price": p} for t, p in own]},
        }
    )
    context = PathContext("X", np.arange(0, 41_000, 10_000), Streams(seed=1), 0)
    skeleton = process.skeleton(context, np.zeros(4))
    return [round(float(price), 9) for price in np.exp(skeleton.line_log)]


def test_weight_nothing_is_the_outside_price_and_weight_one_the_own():
    own = [(10, 100), (30, 81)]
    assert prices(0, own) == [100, 100, 100, 100, 100]
    # the ratio moves in logs: at 20 s the root of .81
    assert prices(1_000_000, own) == [100, 100, 90, 81, 100]


def test_a_weight_between_mixes_prices_not_logs():
    assert prices(500_000, [(10, 100), (30, 81)]) == [100, 100, 95, 90.5, 100]


def test_before_the_first_and_after_the_last_point_the_own_market_is_as_the_others():
    assert prices(500_000, [(20, 80)]) == [100, 100, 90, 100, 100]


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ("[{t_s: 30, price: 1}]", r"own_spot.points\[0\]: must be at the time of a waypoint of the market, found 30 s"),
        ("[{t_s: 600, price: 1}, {t_s: 0, price: 1}]", r"own_spot.points\[1\]: must be in order of time: 0 s does not"),
        ("[{price: 1}]", "needs exactly one of utc and t_s"),
        ("[]", "must have at least 1 item"),
    ],
)
def test_points_that_fit_no_waypoint_are_refused(tmp_path, own, says):
    path = tmp_path / "own.yaml"
    path.write_text(
        "extends: base\nname: own\nmarkets:\n  - name: BTCUSDT\n    price: !replace\n      kind: waypoints\n"
        "      annual_volatility: 0\n      points: [{t_s: 0, price: 5}, {t_s: 600, price: 5}]\n"
        f"      own_spot: {{weight_ppm: 1, points: {own}}}\n"
    )
    with pytest.raises(ConfigError, match=says):
        _export(path)


def _export(path):
    export_positions(load_config(path).config, path.with_suffix(".csv"))
