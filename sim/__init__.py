"""clearsim simulates how a derivatives exchange clears leveraged positions when the price jumps.

The names listed in `__all__` are the public API: stable, typed, imported when they are first used. Everything else in
the package is private and may move.

    import clearsim

    config = clearsim.load("base").with_({"funds[0].seed_quote": 1_000_000})
    result = clearsim.run(config.with_traders(300))
    result.who_paid()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents.user import CancelAll, Order, UserAgent, UserAgentConfig
    from .agents.user_cohort import Actions, UserCohort
    from .api import designs
    from .api.adl import adl_queue, who_would_be_deleveraged
    from .api.again import Audit, Replay, audit, replay
    from .api.answer import Answer
    from .api.config import Config, load
    from .api.figure import figure
    from .api.history import FundHistory, fund_history, import_history
    from .api.paths import PathsResult
    from .api.positions import positions
    from .api.price_fit import PriceFit, fit_prices
    from .api.required_fund import RequiredFund
    from .api.result import Result, open_run
    from .api.reverse_stress import StressFrontier, reverse_stress
    from .api.run import run
    from .api.size_fund import size_fund
    from .api.study import Lever, Study, Uncertainty
    from .api.study_result import StudyResult, open_study
    from .api.sweep import sweep
    from .clearing.adl import AdlRanking, Allocation
    from .clearing.margin import MarginFormula, MarginSchedule
    from .errors import ClearsimError, ConfigError, ResultError
    from .market.price.own import PricePath

__all__ = [
    "Actions",
    "AdlRanking",
    "Allocation",
    "Answer",
    "Audit",
    "CancelAll",
    "ClearsimError",
    "Config",
    "ConfigError",
    "FundHistory",
    "Lever",
    "MarginFormula",
    "MarginSchedule",
    "Order",
    "PathsResult",
    "PriceFit",
    "PricePath",
    "Replay",
    "RequiredFund",
    "Result",
    "ResultError",
    "StressFrontier",
    "Study",
    "StudyResult",
    "Uncertainty",
    "UserAgent",
    "UserAgentConfig",
    "UserCohort",
    "adl_queue",
    "audit",
    "designs",
    "figure",
    "fit_prices",
    "fund_history",
    "import_history",
    "load",
    "open_run",
    "open_study",
    "positions",
    "replay",
    "reverse_stress",
    "run",
    "size_fund",
    "sweep",
    "who_would_be_deleveraged",
]

_HOMES = {
    "agents.user": "CancelAll Order UserAgent UserAgentConfig",
    "agents.user_cohort": "Actions UserCohort",
    "api": "designs",
    "api.adl": "adl_queue who_would_be_deleveraged",
    "api.again": "Audit Replay audit replay",
    "api.answer": "Answer",
    "api.config": "Config load",
    "api.figure": "figure",
    "api.history": "FundHistory fund_history import_history",
    "api.paths": "PathsResult",
    "api.positions": "positions",
    "api.price_fit": "PriceFit fit_prices",
    "api.required_fund": "RequiredFund",
    "api.result": "Result open_run",
    "api.reverse_stress": "StressFrontier reverse_stress",
    "api.run": "run",
    "api.size_fund": "size_fund",
    "api.study": "Lever Study Uncertainty",
    "api.study_result": "StudyResult open_study",
    "api.sweep": "sweep",
    "clearing.adl": "AdlRanking Allocation",
    "clearing.margin": "MarginFormula MarginSchedule",
    "market.price.own": "PricePath",
    "errors": "ClearsimError ConfigError ResultError",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'clearsim' has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOME_OF[name]}")
    value = import_module(f"{home.__name__}.{name}") if name == "designs" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
