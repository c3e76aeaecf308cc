"""One gap through the bankruptcy price of a long with leverage L: probability and expected shortfall per unit.

Lognormal gap: P = Phi((k - mu)/d), ES a Black-76 put (Merton 1976). Exponential gap: P = q p_b^eta, ES = p_b P /
(eta + 1) (memoryless, Kou 2002). The values below are those formulas; sampling the processes' own jump sizes must give
them within K standard errors at the seed below.
"""

import numpy as np
import pytest
from clearsim.market.price.jumps import DoubleExponentialJump, NormalJump

K, SEED, DRAWS = 4.5, 11, 2_000_000
MERTON = NormalJump(log_mean="-0.05", log_sd="0.10")
KOU = DoubleExponentialJump(down_share_ppm=600_000, down_eta=12, up_eta=30)

TABLE = [  # leverage, Merton P, Merton ES, Kou P, Kou ES
    (3, 1.8924e-4, 3.060e-6, 4.6244e-3, 2.3715e-4),
    (5, 0.0416871, 0.00130673, 0.0412317, 0.00253733),
    (10, 0.289925, 0.0155437, 0.169458, 0.0117317),
    (20, 0.494841, 0.0350797, 0.324216, 0.0236927),
    (50, 0.617138, 0.0517824, 0.470830, 0.0354933),
    (100, 0.655236, 0.0581458, 0.531831, 0.0405010),
]


@pytest.fixture(scope="module", params=["merton", "kou"])
def gaps(request):
    size = MERTON if request.param == "merton" else KOU
    return request.param, np.exp(size.draw(np.random.default_rng(SEED), DRAWS))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}x")
def test_gap_loss_table(gaps, row):
    name, prices = gaps
    leverage, merton_p, merton_es, kou_p, kou_es = row
    probability, expected_shortfall = (merton_p, merton_es) if name == "merton" else (kou_p, kou_es)
    shortfall = np.maximum(1 - 1 / leverage - prices, 0.0)
    hit = shortfall > 0
    assert abs(hit.mean() - probability) < K * (probability / DRAWS) ** 0.5
    assert abs(shortfall.mean() - expected_shortfall) < K * shortfall.std() / DRAWS**0.5
