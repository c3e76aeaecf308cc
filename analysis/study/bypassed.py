"""Arms in which the fund cannot be exhausted, so that P(exhausted) = 0 there is no merit.

Either the waterfall of the study has no layer through which the fund pays, or the fund paid nothing in any run although
ADL or others took losses: they come before it.
"""

from collections.abc import Sequence

import pandas as pd

from .folder import StudyFolder, paths_of
from .samples import ArmSample

#: Events that only a fund which pays can show.
OF_THE_FUND = ("equity_zero", "cash_zero")
#: What others than the fund took, by column of `runs`.
_OTHERS = ("adl_notional_quanta", "socialised_loss_quanta", "bad_debt_quanta")


def bypassed_arms(study: StudyFolder, samples: Sequence[ArmSample]) -> dict[int, str]:
    """The reason, by arm, why the fund cannot be exhausted in it; arms in which it can are left out."""
    done = study.done
    without_layer = _has_no_layer(study)
    found = {}
    for sample in samples:
        own = done[(done["arm"] == sample.arm).to_numpy()]
        others = (own[list(_OTHERS)] > 0).to_numpy().any(axis=1)
        if without_layer:
            found[sample.arm] = "its waterfall has no insurance_fund layer"
        elif not sample.event.any() and others.any() and not _paid(own).any():
            found[sample.arm] = (
                f"the fund paid nothing in any of {len(own):,} runs, and ADL or others took losses in"
                f" {int(others.sum()):,} of them"
            )
    return found


def _paid(runs: pd.DataFrame) -> pd.Series:
    return (runs["fund_draw_quanta"] != 0) | (runs["required_fund_quanta"] != 0)


def _has_no_layer(study: StudyFolder) -> bool:
    """Whether the base config's waterfall has no insurance_fund layer, and no lever or uncertainty sets it."""
    layers = study.base.get("waterfall")
    factors = [*study.factors("uncertainties"), *study.factors("levers")]
    moved = [path for factor in factors for path in paths_of(factor)]
    if not layers or any(path.startswith("waterfall") for path in moved):
        return False
    return not any(layer.get("kind") == "insurance_fund" for layer in layers)
