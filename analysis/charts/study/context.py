"""What every chart of a study must know: units, confidence level, and the caption with its sample size and seed."""

from dataclasses import dataclass

import numpy as np

from analysis.charts.chart_context import F64
from analysis.money import Scale, choose_scale, format_short


@dataclass(frozen=True)
class StudyContext:
    """Identity and units of a study, as charts print them.

    n_runs, n_paths: sample size; paths are those of reduced runs, 0 for a study of full runs.  level: of all intervals.
    open_interest: quote units, NaN where the study moves it; amounts are then not told as a share of it.
    """

    name: str
    seed: int
    n_runs: int
    n_paths: int = 0
    asset: str = "USDT"
    fidelity: str = ""
    study_hash: str = ""
    level: float = 0.95
    open_interest: float = float("nan")

    @property
    def caption(self) -> str:
        """Study, seed, sample size, fidelity, start of the study hash."""
        size = f"{self.n_runs:,} run{'' if self.n_runs == 1 else 's'}"
        if self.n_paths:
            size += f" with {self.n_paths:,} paths"
        parts = [self.name, f"seed {self.seed}", f"n = {size}"]
        parts += [f"fidelity {self.fidelity}"] if self.fidelity else []
        parts += [f"study {self.study_hash[:10]}"] if self.study_hash else []
        return " · ".join(parts)

    @property
    def interval(self) -> str:
        """The level in words: `95% interval`."""
        return f"{self.level * 100:g}% interval"

    def scale(self, *amounts: F64) -> Scale:
        """The unit in which the largest of these amounts (quote units) is readable."""
        finite = [np.abs(a[np.isfinite(a)]) for a in amounts]
        return choose_scale(max((float(a.max()) for a in finite if a.size), default=0.0), self.asset)

    def money(self, amount: float) -> str:
        """An amount in words, with its share of open interest where that is known."""
        text = format_short(amount, self.asset)
        if not np.isfinite(self.open_interest) or self.open_interest <= 0:
            return text
        return f"{text} ({100 * amount / self.open_interest:.3g}% of open interest)"

    def money_with(self, value: float, low: float, high: float) -> str:
        """An amount with its interval and its share: `105 million USDT [101, 109], 10.5% of open interest`."""
        text = self.money_interval(value, low, high)
        if not np.isfinite(self.open_interest) or self.open_interest <= 0:
            return text
        return f"{text}, {100 * value / self.open_interest:.3g}% of open interest"

    def money_interval(self, value: float, low: float, high: float) -> str:
        """An amount with its interval, in one unit: `105 million USDT [101, 109]`."""
        finite = [x for x in (value, low, high) if np.isfinite(x)]
        scale = self.scale(np.array(finite))
        ends = [f"{scale.of(np.array(x)):,.3g}" if np.isfinite(x) else "no bound" for x in (low, high)]
        return f"{scale.of(np.array(value)):,.3g} {scale.unit} [{ends[0]}, {ends[1]}]"
