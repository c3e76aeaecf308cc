"""The page of commands, from the command line itself."""

from typing import Any

import typer

from ...cli import app
from ...cli.groups import TITLES
from .markdown import code, page, table

_INTRODUCTION = """`clearsim COMMAND --help` prints the same. Exit codes: 0 done, 1 failed or different, 2 bad input, 130 interrupted with
Ctrl-C. `--debug`, which every command has, prints a traceback in place of one line.

`CLEARSIM_CACHE_DIR` names the folder where compiled kernels are kept; the default is `clearsim` in the user's cache folder.
`NUMBA_DISABLE_JIT=1` runs the kernels as plain Python, for a debugger."""


def commands_page() -> str:
    """The page, as text."""
    root: Any = typer.main.get_command(app)
    sections = []
    for panel, title in TITLES.items():
        members = {name: found for name, found in root.commands.items() if found.rich_help_panel == panel}
        rows = [
            (f"[`clearsim {name}`](#clearsim-{name})", found.get_short_help_str(limit=500))
            for name, found in members.items()
        ]
        sections += [f"## {title}", table(("command", "what it does"), rows)]
        sections += [_section(f"clearsim {name}", found) for name, found in members.items()]
    return page("Commands", _INTRODUCTION, *sections)


def _section(name: str, command: Any) -> str:
    """Usage, help and parameters of a command; of a group, of its commands too."""
    context = typer.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    parts = [f"### `{name}`", f"```text\n{usage}\n```", _help(command.help or "")]
    rows = [_row(parameter, context) for parameter in command.params if _is_shown(parameter)]
    if rows:
        parts.append(table(("parameter", "default", "meaning"), rows))
    for sub_name, sub in getattr(command, "commands", {}).items():
        parts.append(_section(f"{name} {sub_name}", sub).replace("###", "####", 1))
    return "\n\n".join(parts)


def _help(text: str) -> str:
    """Help text; what click keeps as it is becomes a code block."""
    head, mark, kept = text.partition("\b\n")
    return f"{head.strip()}\n\n```text\n{kept.strip()}\n```" if mark else head.strip()


def _is_shown(parameter: Any) -> bool:
    return parameter.name not in ("debug", "help")


def _row(parameter: Any, context: typer.Context) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        return code(parameter.make_metavar(ctx=context)), "", getattr(parameter, "help", "") or ""
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    takes = "" if parameter.is_flag else f" {parameter.make_metavar(ctx=context)}"
    default = parameter.default
    is_set = default is not None and default != [] and not (parameter.is_flag and default is False)
    return code(names + takes), code(default) if is_set and not callable(default) else "", parameter.help or ""
