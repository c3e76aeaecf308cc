"""Runs commands of one installed clearsim in this process, one after the other.

Started by `pool.py` as `python -P worker.py TREE`, with TREE first on PYTHONPATH. Reads one JSON job a line from
standard input, `{"args": [...]}`, and writes one JSON line for each: `{"code", "error", "seconds"}`. The first line it
writes says which entry point it loaded. Imports nothing of the checkout it is stored in.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ENTRIES = ("clearsim.cli", "sim.cli")
FAILED, BAD_INPUT = 1, 2
#: Errors of a command that refuse its input; by name, since the classes move.
REFUSALS = ("ConfigError", "InputDataError")


def load_app(tree: Path) -> tuple[str, Any]:
    """Name and application of the tree's command line; ImportError if it is not loaded from inside `tree`."""
    name = next(entry for entry in ENTRIES if (tree / entry.split(".")[0]).is_dir())
    module = importlib.import_module(name)
    if not Path(str(module.__file__)).resolve().is_relative_to(tree.resolve()):
        raise ImportError(f"{name} was loaded from {module.__file__}, not from {tree}")
    return name, module.app


def run_job(app: Any, args: list[str]) -> dict[str, Any]:
    """Exit code, text of the error and seconds of one command; nothing that it raises leaves this function."""
    sys.argv = ["clearsim", *args]
    code, error = 0, ""
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        try:
            result = app(args=args, standalone_mode=False)
            code = result if isinstance(result, int) else 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else FAILED
        except Exception as raised:
            refused = any(kind.__name__ in REFUSALS for kind in type(raised).__mro__) or hasattr(raised, "show")
            code = BAD_INPUT if refused else FAILED
            error = str(raised) or type(raised).__name__
            if not refused:
                error = f"{type(raised).__name__}: {error}\n{traceback.format_exc()}"
    seconds = time.perf_counter() - started
    return {"code": code, "error": error or (told.getvalue()[-500:] if code else ""), "seconds": seconds}


def main() -> None:
    """Serve jobs until standard input ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a command prints past Python goes to standard error
    name, app = load_app(Path(sys.argv[1]))
    print(json.dumps({"entry": name}), file=channel, flush=True)
    for line in sys.stdin:
        print(json.dumps(run_job(app, json.loads(line)["args"])), file=channel, flush=True)


if __name__ == "__main__":
    main()
