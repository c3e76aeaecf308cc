"""`reverse_stress`: the smallest fall that exhausts a fund, by depth lost and by the largest account."""

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from ..errors import ConfigError
from ..runs.answer_folder import AnswerFolder
from . import _analysis as analysis
from .config import Config, ConfigLike, load
from .door import checked, checked_class
from .inputs import note_inputs
from .pictures import card, interval
from .progress import Counted, Note, count_progress, noting
from .result import chosen_figure
from .trust import code_of, parts_of, received_from

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..funds.stress_runs import StressRuns

#: The files that `StressFrontier.save` writes.
FILES = re.compile(r"reverse_stress\.(parquet|csv|html)")


@checked_class
class StressFrontier:
    """The smallest fall that exhausts a fund, for each loss of depth and each concentration.

    frontier = clearsim.reverse_stress("btc", depth=[0], concentration=[0], runs=3, tolerance=0.05)
    frontier.frame()
    """

    def __init__(self, frame: pd.DataFrame, runs: "StressRuns", share: float) -> None:
        self._frame, self._runs, self._share = frame, runs, share

    @property
    def fund(self) -> float:
        """The fund that is exhausted, quote units at venue scale."""
        return self._runs.fund

    @property
    def fidelity(self) -> str:
        """The engine: reduced or full."""
        return self._runs.fidelity

    def frame(self) -> pd.DataFrame:
        """A row per pair: depth_loss, concentration, jump (NaN: none up to searched_to), jump_low, jump_high, n, ..."""
        return self._frame.copy()

    @property
    def figures(self) -> tuple[str, ...]:
        """Names that `figure` takes."""
        return ("frontier",)

    def figure(self, name: str = "frontier") -> "go.Figure":
        """The frontier as a plotly figure. Raises ConfigError for another name.

        frontier.figure()
        """
        config = self._runs.config
        context = analysis.StudyContext(
            config.name, config.seed, self._runs.played, asset=config.asset.name, fidelity=self.fidelity
        )
        figure = analysis.draw_reverse_stress(
            self._frame, context, fund=self.fund, concentration_title="share of one more account"
        )
        return chosen_figure({"frontier": figure}, name)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> list[Path]:
        """Write reverse_stress.parquet, .csv and .html into a folder; return their paths. A study folder shows the
        table in its report. Raises ResultError if the folder has them already (overwrite: replaces them) or cannot be
        written."""
        with AnswerFolder(Path(folder), FILES, overwrite=overwrite) as place:
            return self.put_in(place)

    def put_in(self, place: AnswerFolder) -> list[Path]:
        """Write the files of `save` into a folder that was claimed before; return their paths."""
        title = f"What is the smallest shock that exhausts the fund? {self._runs.config.name}"
        page = analysis.page(title=title, body=analysis.embed("reverse-stress", self.figure()))
        files = {
            "reverse_stress.parquet": self._frame.to_parquet(index=False),
            "reverse_stress.csv": analysis.csv_text(self._frame).encode(),
            "reverse_stress.html": page.encode(),
        }
        return place.put(files)

    def __str__(self) -> str:
        """The frontier as the command line prints it."""
        head = (
            f"fund {self.fund:,.0f} {self._runs.config.asset.name}; {self.fidelity}; smallest fall that exhausts it in"
            f" {self._share:.0%} of runs"
        )
        shown = ["depth_loss", "concentration", "jump", "jump_low", "jump_high", "searched_to", "n"]
        table = self._frame[shown].to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep="none")
        return f"{head}\n{table}"

    def __repr__(self) -> str:
        """Config and fund."""
        return f"<StressFrontier {self._runs.config.name}: fund {self.fund:,.0f}, {len(self._frame)} shocks>"

    def _repr_html_(self) -> str:
        rows = {"config": self._runs.config.name, "fund": f"{self.fund:,.0f}", "engine": self.fidelity}
        bars = [
            (f"depth -{row['depth_loss']:.0%}, account {row['concentration']:.0%}", row["jump"], row["jump_low"],
             row["jump_high"])
            for row in self._frame.to_dict("records")
        ]  # fmt: skip
        table = self._frame.to_html(index=False, float_format=lambda value: f"{value:,.4g}")
        return card("Reverse stress test", rows, interval(bars, label="smallest fall, fraction of the price"), table)


@checked
def reverse_stress(
    config: ConfigLike,
    *,
    fund: float | None = None,
    depth: Sequence[float] = (0.0, 0.5, 0.8),
    concentration: Sequence[float] | None = None,
    leverage: float = 5.0,
    largest_jump: float = 0.6,
    tolerance: float = 0.005,
    share: float = 0.5,
    runs: int | None = None,
    fidelity: Literal["reduced", "full"] | None = None,
    trust: bool = False,
    progress: "Literal[True] | Counted | None" = None,
    on_note: Note | None = None,
) -> StressFrontier:
    """Find the smallest fall that exhausts a config's fund, for thinner books and for one more large account.

    Args:
        config: a Config, the path of a config file, or a shipped name.
        fund: fund to exhaust, quote units at venue scale; default: the config's.
        depth: shares of depth lost, each from 0 to below 1.
        concentration: shares of open interest that one more long account holds; default: 0 and 0.1, 0 with custom
            positions, which no further account can join.
        leverage: leverage of that account.
        largest_jump: largest fall tried, fraction of the price.
        tolerance: width of the last bracket, fraction of the price.
        share: share of the runs in which the fund must be exhausted.
        runs: runs per shock; default: 20 reduced, 7 full.
        fidelity: reduced or full; default: reduced where the config allows it.
        trust: True: code that comes with a folder of results, from which the config is read, may be executed.
        progress: True for lines on standard error, or a function of the number of runs so far.
        on_note: called with notes for the user; default: the logger `clearsim`.

    Returns the StressFrontier. Raises ConfigError for arguments out of range, ClearsimError where larger falls spare
    funds that smaller ones exhaust.

        clearsim.reverse_stress("btc", depth=[0], concentration=[0], runs=3, tolerance=0.05).frame()
    """
    from ..funds.config import fund_at_hand
    from ..funds.stress import replaces_price
    from ..funds.stress_runs import RUNS, StressRuns

    chosen = load(config)
    engine = fidelity or ("reduced" if chosen.reduced is not None else "full")
    size = fund_at_hand(chosen) if fund is None else float(fund)
    _require(engine in RUNS, f"fidelity must be reduced or full, found {engine!r}")
    _require(0 < tolerance < largest_jump < 1, "expected 0 < tolerance < largest_jump < 1")
    _require(0 < share < 1, f"share must lie between 0 and 1, found {share:g}")
    _require(0 <= size < float("inf"), f"fund must be at least 0, found {size:g}")
    _require(1 <= leverage <= 1000, f"leverage must lie between 1 and 1000, found {leverage:g}")
    if concentration is None:
        concentration = (0.0, 0.1) if chosen.positions is None else (0.0,)
    losses, shares = _shares(depth, "depth"), _shares(concentration, "concentration")
    _require(
        chosen.positions is None or not any(shares),
        "concentration must be 0 with custom positions: they balance, so no further account can join them; add it to"
        " the file",
    )
    note_inputs(chosen, noting(on_note))
    if replaces_price(chosen):
        text = (
            f"the price of {chosen.markets[0].name} falls once after a minute; the config's price process is not used"
        )
        noting(on_note)(text)
    search = {"largest_jump": largest_jump, "tolerance": tolerance, "share": share}
    asked = code_of(received_from(config), parts_of(chosen), trust=trust, note=noting(on_note))
    with asked, analysis.clearsim_errors(), count_progress(progress) as on_runs:
        world = StressRuns(chosen, engine, size, runs or RUNS[engine], Decimal(repr(float(leverage))), on_runs)
        frame = analysis.frontier(world.exhausts, depth_losses=losses, concentrations=shares, **search)
    return StressFrontier(frame, world, share)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ConfigError(otherwise)


def default_folder(config: Config) -> Path:
    """Make the folder of the command line: results/reverse-stress-<name>-<seed>, with a suffix if that is taken."""
    from ..runs.place import new_folder

    return new_folder(Path("results") / f"reverse-stress-{config.name}-{config.seed}")


def _shares(values: Sequence[float], name: str) -> list[float]:
    shares = sorted({float(value) for value in values})
    if not shares or shares[0] < 0 or shares[-1] >= 1:
        raise ConfigError(f"{name} must be shares from 0 to below 1, found {list(values)}")
    return shares
