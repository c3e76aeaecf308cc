"""Columns of a positions file: their names, names of the user's own in their place, and the header of a file.

account     name; lines of the same account share one wallet
market      name of a market of the run
side        long or short, in any case; empty, `both` or no column: the sign of the quantity
quantity    base units, a multiple of the lot; negative only for a short
entry       entry price, a positive multiple of the tick
margin      isolated: money assigned to the position. cross: the part of `collateral` assigned to it (may be 0)
mode        cross or isolated
collateral  money in the account's wallet, without isolated margins; the same on all of its lines, or stated once
cohort        optional: cohort of the config whose behaviour the account follows; empty: it only holds its positions
initial_ppm   optional: initial-margin rate it chose, parts per million (1,000,000 / leverage)
stop, stop_quantity   optional: trigger price and size of an open stop-loss
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cells import Faults, shown
from ..config.nearest import nearest_hint

COLUMNS = ("account", "market", "side", "quantity", "entry", "margin", "mode", "collateral")
OPTIONAL_COLUMNS = ("cohort", "initial_ppm", "stop", "stop_quantity")
ALL_COLUMNS = (*COLUMNS, *OPTIONAL_COLUMNS)
EXPECTED = (
    f"expected {','.join(COLUMNS)}, optional {','.join(OPTIONAL_COLUMNS)};"
    " --map account=uid,... (positions.columns) reads columns of other names"
)


@dataclass(frozen=True)
class Header:
    """Where each column stands in a line, the number of cells of a line, and the columns that are not read."""

    places: dict[str, int]
    width: int
    unused: tuple[str, ...]


def read_header(path: Path, cells: Sequence[str], columns: Mapping[str, str]) -> Header:
    """Find the columns in the first line of a file; InputDataError with all that is wrong with it.

    columns: our name -> the file's, where they differ. With any, columns of other names are left unread; without,
    they are refused.
    """
    names = [cell.strip().lower() for cell in cells]
    faults = Faults(path)
    if not any(names):
        faults.add(0, f"the file is empty; expected a header {','.join(COLUMNS)}")
        faults.refuse()
    theirs = {ours: columns.get(ours, ours).strip().lower() for ours in ALL_COLUMNS}
    for ours in columns:
        if ours not in ALL_COLUMNS:
            hint = nearest_hint(ours, ALL_COLUMNS)
            faults.add(
                1,
                f"no column is called {ours!r}{hint}: write --map OURS=THEIRS, ours is one of {','.join(ALL_COLUMNS)}",
            )
        elif theirs[ours] not in names:
            faults.add(1, f"column {columns[ours]!r}, to be read as {ours}, is missing; the file has {','.join(cells)}")
    wanted = set(theirs.values())
    unused = tuple(cell.strip() for cell, name in zip(cells, names, strict=True) if name not in wanted)
    for name in dict.fromkeys(name for name in names if name in wanted and names.count(name) > 1):
        faults.add(1, f"column {name} is a duplicate")
    missing = [name for name in COLUMNS if name != "side" and name not in columns and name not in names]
    unknown = unused if not columns else ()
    if unknown:
        hint = nearest_hint(unknown[0], ALL_COLUMNS) if len(unknown) == 1 else ""
        what = (
            f"column {shown(unknown[0])} is" if len(unknown) == 1 else f"columns {', '.join(map(shown, unknown))} are"
        )
        faults.add(1, f"{what} unknown{hint}{'' if missing else f'; {EXPECTED}'}")
    if missing:
        faults.add(1, f"column {', '.join(missing)} is missing; {EXPECTED}")
    faults.require_none()
    return Header({ours: names.index(name) for ours, name in theirs.items() if name in names}, len(names), unused)
