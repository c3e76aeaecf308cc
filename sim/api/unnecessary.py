"""The share of liquidations in each arm of a study that were unnecessary.

Reruns some runs of each arm with their liquidations recorded, and lets the analysis judge them. The table stays
in the study folder, for its report.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..config import RunConfig
from ..engine.simulation import simulate
from ..errors import ClearsimError, ConfigError
from ..runs.folder import to_record_batch
from ..runs.memory import MemoryTables
from ..studies.design.plan import Plan
from . import _analysis as analysis
from .progress import Note, noting
from .trust import code_of, parts_of_plan, plan_in

FILE = "unneeded.parquet"


@dataclass(frozen=True)
class ArmShare:
    """The share of one arm; None where nothing was liquidated in its runs."""

    arm: int
    share: "analysis.Estimate | None"
    runs: int

    def __str__(self) -> str:
        """The share with its interval, or a note that there is none."""
        return f"arm {self.arm}: {self.share or f'nothing was liquidated in {self.runs} runs'}"


def unnecessary_liquidations(
    folder: Path,
    *,
    runs: int = 16,
    level: float = 0.95,
    trust: bool = False,
    on_arm: Callable[[ArmShare], None] = lambda share: None,
    on_note: Note | None = None,
) -> list[ArmShare]:
    """The share of each arm of a study of full runs, from the same `runs` runs in all arms; writes the table.

    A liquidation is necessary if the index reached the account's bankruptcy price at the liquidation or after it,
    within the run. trust: True: code that the folder keeps may be executed.
    """
    if not 0.5 <= level < 1:
        raise ConfigError(f"level must be at least 0.5 and below 1, found {level}")
    with analysis.clearsim_errors():
        study = analysis.open_study(folder)
    plan, chosen = plan_in(folder), choose_runs(study.points, study.runs, runs)
    with code_of(folder, parts_of_plan(plan), trust=trust, note=noting(on_note)):
        shares = _shares(plan, chosen, level, on_arm)
    rows = [{"arm": item.arm, **item.share.row()} for item in shares if item.share is not None]
    if rows:
        pd.DataFrame(rows).to_parquet(folder / FILE, index=False)
    return shares


def _shares(plan: Plan, chosen: pd.DataFrame, level: float, on_arm: Callable[[ArmShare], None]) -> list[ArmShare]:
    """Rerun the chosen runs, arm by arm."""
    shares = []
    for arm, own in chosen.groupby("arm", sort=True):
        judged = []
        for run in own.to_dict("records"):
            config = plan.job(plan.point(run["point"]), run["replication"]).config
            judged.append(judge_run(config, scenario=run["scenario"], replication=run["replication"]))
        estimate = None
        if any(len(frame) and frame["notional"].sum() > 0 for frame in judged):
            with analysis.clearsim_errors():
                estimate = analysis.unneeded_share(judged, draw=own["draw"].tolist(), level=level)
        shares.append(ArmShare(int(arm), estimate, len(judged)))
        on_arm(shares[-1])
    return shares


def choose_runs(points: pd.DataFrame, runs: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` runs of each arm, spread over the design: rows and replications that are finished in every arm.

    As many rows of the design as possible, evenly spaced; with more runs than rows, further replications of them.
    `draw`: runs with the same number share inputs or randomness. ClearsimError if there are none, or for the reduced
    engine.
    """
    ordered = points.sort_values("point", kind="stable")
    place = dict(zip(ordered["point"], ordered.groupby("arm").cumcount(), strict=True))
    done = runs[(runs["status"] == "done") & (runs["fidelity"] == "full")]
    done = done.assign(place=done["point"].map(place))
    arms = done["arm"].nunique()
    shared = done.groupby(["place", "replication"]).filter(lambda own: own["arm"].nunique() == arms)
    keys = shared[["place", "replication"]].drop_duplicates().sort_values(["replication", "place"], kind="stable")
    if keys.empty:
        raise ClearsimError("no full run is finished in every arm; reduced runs keep no liquidations")
    scenario_each = points["scenario"].nunique() > 1
    shared = shared.assign(draw=shared["scenario"] if scenario_each else shared["replication"])
    first = keys.drop_duplicates("place")
    if count < len(first):
        keys = first.sort_values("place").iloc[np.linspace(0, len(first) - 1, count).round().astype(int)]
    return shared.merge(keys.head(count), on=["place", "replication"])


def judge_run(config: RunConfig, *, scenario: int, replication: int) -> pd.DataFrame:
    """The liquidations of one run, judged."""
    sink = MemoryTables(keep=("liquidations",))
    result = simulate(config, detail="events", event_sink=sink, scenario=scenario, replication=replication)
    series = to_record_batch("series", result.series).to_pandas()
    lots = {market.name: float(market.lot_size) for market in config.markets}
    with analysis.clearsim_errors():
        return analysis.judge_liquidations(sink.table("liquidations").to_pandas(), series, lots)
