"""The runs of a study folder counted against its design: what is done, what failed, what is missing."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Progress:
    """Counts of runs.

    planned: points x replications of the whole design, whatever one sweep was asked for; 0 if the folder does not say.
    done, failed: runs that ended.  missing: planned runs that did not.  extra: runs beyond the planned replications,
    which a stopping rule added.
    """

    planned: int
    done: int
    failed: int
    missing: int
    extra: int

    @classmethod
    def of(cls, runs: pd.DataFrame, *, n_points: int, replications: int) -> "Progress":
        """Count `runs` (point, replication, status) against a design of this size."""
        is_planned = (runs["point"] < n_points) & (runs["replication"] < replications)
        ended = len(runs.loc[is_planned, ["point", "replication"]].drop_duplicates())
        done = int((runs["status"] == "done").sum())
        planned = n_points * replications
        extra = int((~is_planned).sum()) if planned else 0
        return cls(planned, done, len(runs) - done, planned - ended if planned else 0, extra)

    @property
    def short(self) -> str:
        """`12 runs`, or `200 of 3,456 runs` while runs are missing."""
        ended = self.done + self.failed
        return f"{self.planned - self.missing:,} of {self.planned:,} runs" if self.missing else f"{ended:,} runs"

    @property
    def text(self) -> str:
        """`200 of 3,456 runs done, 1 failed, 3,255 missing`."""
        text = f"{self.done:,} of {self.planned:,} runs done"
        if self.extra:
            text = f"{self.done:,} runs done ({self.planned:,} planned, {self.extra:,} added by a stopping rule)"
        elif not self.planned:
            text = f"{self.done:,} runs done"
        text += f", {self.failed:,} failed" if self.failed else ""
        return text + (f", {self.missing:,} missing" if self.missing else "")
