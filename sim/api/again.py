"""`audit` and `replay`: verify the balances of a result folder, and that its run can be reproduced."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import ConfigError
from .door import checked
from .progress import Note, noting, run_progress
from .result import Result
from .trust import code_of, parts_of, parts_of_plan, plan_in

if TYPE_CHECKING:
    from ..ledger.audit import FolderAudit
    from ..runs.run import Progress


@dataclass(frozen=True)
class Audit:
    """What an audit of a result folder proved; each line is one claim that held."""

    folder: Path
    transfers: int  # rows of the log that were replayed
    accounts: int
    markets: int
    equities_compared: bool  # False: the last sample is before the end, so final marks are not known
    proved: tuple[str, ...]
    not_compared: tuple[str, ...] = ()  # what the folder gave no means to check, each with its reason

    def __str__(self) -> str:
        """The claims, one per line."""
        return "\n".join(self.proved)


@dataclass(frozen=True)
class Replay:
    """Whether a rerun gave the same numbers, and where it differs if not."""

    equal: bool
    lines: tuple[str, ...]
    folder: Path | None = None  # the new run of a study's row

    def __str__(self) -> str:
        """The lines."""
        return "\n".join(self.lines)


@checked
def audit(run: Result | str | Path) -> Audit:
    """Rebuild all balances of a run from its event log, by code that is independent of the simulator.

    Args:
        run: a result folder with events, or a Result that has one.

    Returns the claims that hold. Raises ConservationError with account and amount where a claim does not hold,
    ResultError without a log.

        print(clearsim.audit("results/base-1"))
    """
    from ..ledger.audit import audit_folder

    folder = _folder_of(run)
    audited = audit_folder(folder)
    n_rows, n_markets = audited.balances.lots.shape
    n_owners = audited.accounts
    proved = [
        f"{audited.transfers:,} transfers replayed from zero into {n_rows:,} accounts and {n_markets} market(s)",
        "money sums to 0 quanta over all accounts",
        "contracts sum to 0 lots in every market",
    ]
    if audited.equities_compared:
        proved.append(f"final equity of every account ({n_owners:,}) equals the accounts table, to the quantum")
    proved.append(f"every trade ({audited.fills:,}) is one of the transfers, with the same parties, lots and price")
    if audited.orders is not None:
        proved.append(f"every order that traded at once ({audited.orders:,}) has fills of as many lots")
    return Audit(
        folder,
        audited.transfers,
        n_owners,
        n_markets,
        audited.equities_compared,
        tuple(proved),
        tuple(_not_compared(audited)),
    )


def _not_compared(audited: "FolderAudit") -> Iterator[str]:
    """What the folder gave no means to check."""
    if not audited.equities_compared:
        yield "final equities, because the last sample is before the end of the run"
    if audited.orders is None:
        yield "trades with the orders that caused them, because the run kept no orders (--detail orders keeps them)"


@checked
def replay(
    folder: Result | str | Path,
    run_id: str | None = None,
    *,
    out: str | Path | None = None,
    trust: bool = False,
    progress: "Literal[True] | Progress | None" = None,
    on_note: Note | None = None,
    command: Sequence[str] = (),
) -> Replay:
    """Rerun a recorded run and compare the results.

    Args:
        folder: a result folder (its tables are compared byte for byte), or a study folder.
        run_id: the run of a study folder, or the beginning of its id; it is run with its full event log and compared
            with its stored row.
        out: result folder of the study's run; default DIR/replays/RUN_ID.
        trust: True: code that the folder keeps may be executed, although it may be somebody else's.
        progress, on_note, command: as in `clearsim.run`.

    Returns the Replay, which is `equal` or lists differences. Raises ResultError if it is not such a folder, or was
    changed since.

        clearsim.replay("results/base-1").equal
    """
    from ..runs.first_start import first_start
    from ..runs.replay import load_run, replay_run

    path, note = _folder_of(folder), noting(on_note)
    if run_id is not None:
        with code_of(path, parts_of_plan(plan_in(path)), trust=trust, note=note):
            return _replay_row(path, run_id, None if out is None else Path(out), note, command)
    if (path / "study.yaml").is_file():
        raise ConfigError(f"{path}: is a study folder; name one of its runs, or use verify")
    recorded = load_run(path)
    asked = code_of(path, parts_of(recorded.config), trust=trust, note=note)
    with asked, first_start(note), run_progress(progress, recorded.config) as callback:
        outcome = replay_run(recorded, progress=callback)
    return Replay(outcome.equal, tuple(outcome.lines))


def _replay_row(folder: Path, run_id: str, out: Path | None, note: Note, command: Sequence[str]) -> Replay:
    from ..runs.first_start import first_start
    from ..studies.store.replay_run import replay_row
    from .run import report_writer

    with first_start(note):
        row = replay_row(folder, run_id, out=out, command=command, finish=report_writer(note))
    columns = ", ".join(row.different)
    verdict = f"differs from the stored row in {columns}; {row.cause}" if row.different else "equal to the stored row"
    return Replay(not row.different, (str(row.folder), verdict), row.folder)


def _folder_of(run: Result | str | Path) -> Path:
    if not isinstance(run, Result):
        return Path(run)
    if run.folder is None:
        raise ConfigError("the run is in memory; save it first: result.save(folder)")
    return run.folder
