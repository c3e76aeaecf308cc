"""The command line: all commands in their groups, exit codes, and one-line errors on stderr.

Exit codes: see `exit_codes.py`, and 130 for Ctrl-C. Each command imports what it needs when it runs, so that `--help`
is fast.
"""

import errno
import os
import shlex
import sys
import tempfile
from typing import NoReturn

import typer

from ..errors import AgentError, ClearsimError, ConfigError, ConservationError, InputDataError, InvariantError
from ..interrupt import INTERRUPTED, catch_signals, exit_code
from . import cite, funds, look, positions, runs, studies
from .calibrate import calibrate
from .exit_codes import BAD_INPUT, FAILED
from .fit import fit_app
from .groups import Groups
from .history import history_app
from .validate import validate

app = typer.Typer(
    name="clearsim",
    cls=Groups,
    help="Simulate how a derivatives exchange clears leveraged positions when the price jumps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
#: Commands by group, in the order of `clearsim --help`.
COMMANDS = {
    "run": (runs.run, runs.check, runs.init, runs.configs, runs.schema),
    "studies": (
        studies.sweep, studies.studies, studies.status, studies.merge, studies.verify, studies.robustness,
        studies.unnecessary_liquidations,
    ),
    "fund": (funds.size_fund, funds.reverse_stress),
    "look": (look.report, look.queue, look.replay, look.audit, validate),
    "data": (studies.export, calibrate, cite.cite),
}  # fmt: skip
for group, commands in COMMANDS.items():
    for command in commands:
        app.command(command.__name__.replace("_", "-"), rich_help_panel=group)(command)
app.add_typer(history_app, name="history", rich_help_panel="fund")
app.add_typer(positions.positions_app, name="positions", rich_help_panel="data")
app.add_typer(fit_app, name="fit", rich_help_panel="data")


def _stop(code: int, message: str) -> NoReturn:
    """Print the message and end; after a signal, whose exception compiled or users' code may turn into others, as for
    that signal."""
    if signalled := exit_code():
        code, message = signalled, "interrupted; nothing was kept"
    print(message, file=sys.stderr)
    sys.stdout.flush()
    raise SystemExit(code)


def main() -> None:
    """Run the command line; print no traceback unless --debug is given."""
    catch_signals()
    replay_with = shlex.join(["clearsim", *sys.argv[1:]])
    try:
        code = app(standalone_mode=False)  # typer returns the code of an Exit, and 130 for Ctrl-C
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if isinstance(code, int) and code:
            raise SystemExit(code)
    except (ConfigError, InputDataError) as error:
        _stop(BAD_INPUT, str(error))
    except ClearsimError as error:
        happened_in_a_run = isinstance(error, (AgentError, ConservationError, InvariantError))
        _stop(FAILED, f"{error}; replay with: {replay_with}" if happened_in_a_run else str(error))
    except KeyboardInterrupt:
        _stop(INTERRUPTED, "interrupted; nothing was kept")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(FAILED) from None
    except MemoryError:
        _stop(FAILED, f"out of memory; try --detail summary or fewer --traders; replay with: {replay_with}")
    except Exception as error:
        _report_unexpected(error, replay_with)


def _report_unexpected(error: Exception, replay_with: str) -> NoReturn:
    """Print usage errors of typer unchanged, any other error as one line; save its traceback (--debug: print it)."""
    import traceback

    if exit_code():
        _stop(INTERRUPTED, "")

    show = getattr(error, "show", None)
    if callable(show):  # click's usage errors and aborts
        show()
        raise SystemExit(int(getattr(error, "exit_code", BAD_INPUT)))
    if type(error).__name__ == "Abort":
        _stop(INTERRUPTED, "interrupted; nothing was kept")
    if "--debug" in sys.argv:
        traceback.print_exception(error)
        raise SystemExit(FAILED)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        from ..api.run import kernel_folder

        place = (
            error.filename
            or f"the folder of results, or of compiled kernels ({kernel_folder()}; set CLEARSIM_CACHE_DIR)"
        )
        _stop(FAILED, f"the disk is full: {place}; free space; replay with: {replay_with}")
    try:
        descriptor, name = tempfile.mkstemp(prefix="clearsim-error-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8") as handle:
            handle.write("".join(traceback.format_exception(error)))
    except OSError:
        name = "no file (none can be written; --debug prints it)"
    summary = " ".join(str(error).split())[:200]
    _stop(FAILED, f"unexpected {type(error).__name__}: {summary}; traceback in {name}; replay with: {replay_with}")
