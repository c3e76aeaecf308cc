"""Whether the cells of two factors hold what the design planned for them: if not, they cannot be compared."""

import pandas as pd

from ..sensitivity.interaction import axis_of
from .folder import StudyFolder

#: Bins of a factor with many levels, as in `heat_map`.
BINS = 6


def uneven_arms(study: StudyFolder) -> str:
    """A sentence if arms have completed other numbers of runs, or none; empty if they hold the same part of the
    design."""
    arms = sorted(study.points["arm"].unique())
    counts = study.done.groupby("arm").size().reindex(arms, fill_value=0)
    if counts.min() == counts.max():
        return ""
    return f"Arms have {counts.min():,} to {counts.max():,} completed runs, so they hold unequal parts of the design"


def uneven_cells(study: StudyFolder, pair: tuple[str, str], *, arm: int | None) -> str:
    """A sentence if cells hold different parts of the design, or none of it; empty if they can be compared.

    pair: two columns of the points, whose combinations are the cells.  arm: points of this arm only.  A run that failed
    counts as held (failures have their own warning), but a cell without a completed run does not.
    """
    points = study.points if arm is None else study.points[study.points["arm"] == arm]
    places = pd.DataFrame({name: axis_of(points[name], BINS).to_numpy() for name in pair}).assign(
        point=points["point"].to_numpy()
    )
    planned = places.groupby(list(pair), observed=True)["point"].count() * study.replications
    runs = study.runs[(study.runs["replication"] < study.replications).to_numpy()]
    runs = runs.merge(places, on="point")
    keys = [runs[name] for name in pair]
    ended = runs.groupby(keys, observed=True).size().reindex(planned.index, fill_value=0)
    done = (runs["status"] == "done").groupby(keys, observed=True).sum().reindex(planned.index, fill_value=0)
    share = ended / planned
    if len(planned) < 2 or ((done > 0).all() and share.max() - share.min() < 1e-9):
        return ""
    if (n_with := int((done > 0).sum())) < len(planned):
        return (
            f"Runs are missing: {n_with:,} of {len(planned):,} cells have a completed run, so nothing follows about"
            " where the outcome is high or low."
        )
    return (
        f"Runs are missing: cells hold {share.min():.0%} to {share.max():.0%} of their planned runs, so no cell is"
        " named highest or lowest."
    )
