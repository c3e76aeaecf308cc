"""Whether the path of a run before its first exhaustion depends on the size of the fund.

Where it does not, one set of runs with a fund that never runs dry gives P(a fund of size F is exhausted) for every F.
Where it does, each size has to be simulated. Decides by reading the config; what follows from it is decided elsewhere.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..config import RunConfig, own_parts
from ..config.shape import path_text
from ..reduced.admit import reasons_against_one_run

Fidelity = Literal["full", "reduced"]


class Reason(NamedTuple):
    """A place in the config and why it makes the path depend on the fund's size."""

    path: str
    text: str

    def __str__(self) -> str:
        """`path: text`."""
        return f"{self.path}: {self.text}"


def fund_feeds_back(config: RunConfig, *, fidelity: Fidelity, event: str = "equity_zero") -> list[Reason]:
    """Why the curve of fund sizes may not be read from one set of runs; empty if it may.

    event: first_adl, cash_zero, equity_zero or bad_debt. Some reasons hold for some events only: ADL with a separate
    trigger is not exhaustion, and cash is not equity while ENGINE holds an inventory.
    """
    reasons = list(_waterfall(config, event))
    if fidelity == "reduced":
        reasons += [Reason(*text.split(": ", 1)) for text in reasons_against_one_run(config)]
    else:
        reasons += [*_funds(config, event), *_own_parts(config)]
    return reasons


def nothing_to_size(config: RunConfig, *, event: str) -> str:
    """Why no size of the fund changes the chance of the event; empty if it does."""
    kinds = [layer.kind for layer in config.waterfall]
    if "insurance_fund" not in kinds:
        return "waterfall: there is no insurance_fund layer, so the fund never pays"
    if event == "first_adl" and "adl" not in kinds:
        return "waterfall: there is no adl layer, so ADL never begins; ask for equity 0 or bad debt"
    if event == "first_adl" and kinds.index("adl") < kinds.index("insurance_fund"):
        return "waterfall: adl comes before insurance_fund, so winners pay before the fund does"
    return ""


def _waterfall(config: RunConfig, event: str) -> Iterator[Reason]:
    kinds = [layer.kind for layer in config.waterfall]
    if "insurance_fund" not in kinds:
        yield Reason("waterfall", "there is no insurance_fund layer")
        return
    behind = [kind for kind in kinds[kinds.index("insurance_fund") + 1 :] if kind in ("adl", "socialised_loss")]
    if event == "bad_debt" and behind:
        yield Reason("waterfall", f"bad debt is what {' and '.join(behind)} leave after the fund is exhausted")
    if "adl" not in kinds or event == "bad_debt":
        return
    if kinds.index("adl") < kinds.index("insurance_fund"):
        yield Reason("waterfall", "adl comes before insurance_fund: ADL begins while the fund has money")
    if "takeover" not in kinds and event == "first_adl":
        yield Reason("waterfall", "there is no takeover: ADL closes what the book leaves while the fund has money")


def _funds(config: RunConfig, event: str) -> Iterator[Reason]:
    if len(config.funds) > 1:
        yield Reason("funds", f"{len(config.funds)} funds: one may be exhausted while others are not")
    for number, fund in enumerate(config.funds):
        if fund.inventory_cap_quote is not None and any(layer.kind == "takeover" for layer in config.waterfall):
            yield Reason(
                f"funds[{number}].inventory_cap_quote", "ENGINE stops taking over at its cap while the fund has money"
            )
    if event == "cash_zero" and any(layer.kind == "takeover" for layer in config.waterfall):
        yield Reason("waterfall", "with takeover cash reaches zero at another time than cash and inventory together")


def _own_parts(config: RunConfig) -> Iterator[Reason]:
    for path, part in own_parts(config):
        if part.sees_exchange:
            yield Reason(path_text(path), f"{part.name_in_run} runs custom code, which may read the fund")
