"""`clearsim unneeded`: which share of what a study's arms liquidated was not needed.

A roof: runs some of each arm's runs again with their liquidations recorded, and hands these to
`analysis/sensitivity/unneeded.py`, which judges them. The table stays in the study's folder, for its report.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ClearsimError, ConfigError
from .options import Debug

if TYPE_CHECKING:
    import pandas as pd

    from ..config import RunConfig

FILE = "unneeded.parquet"


class LiquidationSink:
    """Keeps the liquidations of a run, drops its other events."""

    def __init__(self) -> None:
        self.batches: list[Mapping[str, Any]] = []

    def append(self, table: str, columns: Mapping[str, Any]) -> None:
        """Take over a batch of rows."""
        if table == "liquidations":
            self.batches.append({name: plain(values) for name, values in columns.items()})

    def frame(self) -> "pd.DataFrame":
        """All of them, in order."""
        import pandas as pd

        from ..results import LIQUIDATIONS

        empty = pd.DataFrame(columns=[column.name for column in LIQUIDATIONS])
        return pd.concat([pd.DataFrame(batch) for batch in self.batches], ignore_index=True) if self.batches else empty


def plain(values: Any) -> list[Any]:
    """A column as Python values, whether numpy or Arrow holds it."""
    return list(values.to_pylist() if hasattr(values, "to_pylist") else values)


def unneeded(
    folder: Annotated[Path, typer.Argument(metavar="STUDY_DIR", help="A study folder of full runs.")],
    runs: Annotated[int, typer.Option(min=1, help="Runs of each arm, the same points and replications in all.")] = 16,
    level: Annotated[float, typer.Option(help="Confidence level of the intervals.")] = 0.95,
    debug: Debug = False,
) -> None:
    """Run some of each arm's runs again and say which share of their liquidations was not needed.

    Needed: the index reached the account's bankruptcy price at the liquidation or after it, within the run.
    """
    import pandas as pd
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.sensitivity.unneeded import unneeded_share
    from clearsim.analysis.study.folder import open_study

    from ..studies.store.verify import plan_of_folder

    if not 0.5 <= level < 1:
        raise ConfigError(f"--level must be at least 0.5 and below 1, found {level}")
    try:
        study = open_study(folder)
    except AnalysisError as error:
        raise ClearsimError(f"clearsim unneeded: {error}") from error
    plan, chosen = plan_of_folder(folder), choose_runs(study.points, study.runs, runs)
    rows = []
    for arm, own in chosen.groupby("arm", sort=True):
        judged = []
        for run in own.to_dict("records"):
            config = plan.job(plan.point(run["point"]), run["replication"]).config
            judged.append(judge_run(config, scenario=run["scenario"], replication=run["replication"]))
        try:
            found = unneeded_share(judged, draw=own["draw"].tolist(), level=level)
        except AnalysisError:
            typer.echo(f"arm {arm}: nothing was liquidated in {len(judged)} runs")
            continue
        rows.append({"arm": arm, **found.row()})
        typer.echo(f"arm {arm}: {found}")
    if rows:
        pd.DataFrame(rows).to_parquet(folder / FILE, index=False)
        typer.echo(f"{folder / FILE}: read by the study's report")


def choose_runs(points: "pd.DataFrame", runs: "pd.DataFrame", count: int) -> "pd.DataFrame":
    """`count` runs of each arm, spread over the design: places and replications that are done in every arm.

    As many places as can be, evenly over the design; with more runs than places, their further replications. `draw`:
    runs of one number share inputs or randomness. ClearsimError if there are none, or for the reduced engine.
    """
    import numpy as np

    ordered = points.sort_values("point", kind="stable")
    place = dict(zip(ordered["point"], ordered.groupby("arm").cumcount(), strict=True))
    done = runs[(runs["status"] == "done") & (runs["fidelity"] == "full")]
    done = done.assign(place=done["point"].map(place))
    arms = done["arm"].nunique()
    shared = done.groupby(["place", "replication"]).filter(lambda own: own["arm"].nunique() == arms)
    keys = shared[["place", "replication"]].drop_duplicates().sort_values(["replication", "place"], kind="stable")
    if keys.empty:
        raise ClearsimError("clearsim unneeded: no full run is done in every arm; reduced runs keep no liquidations")
    own_luck = points["scenario"].nunique() > 1
    shared = shared.assign(draw=shared["scenario"] if own_luck else shared["replication"])
    first = keys.drop_duplicates("place")
    if count < len(first):
        keys = first.sort_values("place").iloc[np.linspace(0, len(first) - 1, count).round().astype(int)]
    return shared.merge(keys.head(count), on=["place", "replication"])


def judge_run(config: "RunConfig", *, scenario: int, replication: int) -> "pd.DataFrame":
    """The liquidations of one run, judged."""
    import pandas as pd
    from clearsim.analysis.sensitivity.unneeded import judge_liquidations

    from ..engine.simulation import simulate

    sink = LiquidationSink()
    result = simulate(
        config, detail="events", progress=None, event_sink=sink, scenario=scenario, replication=replication
    )
    columns: Mapping[str, Any] = result.series
    series = pd.DataFrame({name: plain(values) for name, values in columns.items()})
    lots = {market.name: float(market.lot_size) for market in config.markets}
    return judge_liquidations(sink.frame(), series, lots)
