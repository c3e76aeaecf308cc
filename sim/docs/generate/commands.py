"""The page of commands, from the functions behind them: their parameters, help texts and defaults."""

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer

from ...cli import app
from ...cli.groups import TITLES
from .markdown import anchor, code, page, table

_INTRODUCTION = """`clearsim COMMAND --help` prints the same. Exit codes: 0 done, 1 failed or different, 2 bad input,
3 done but some of the runs failed, 130 interrupted with Ctrl-C. `--debug`, which every command has, prints a traceback
in place of one line.

`CLEARSIM_CACHE_DIR` names the folder where compiled kernels are kept; the default is `clearsim` in the user's cache
folder. `NUMBA_DISABLE_JIT=1` runs the kernels as plain Python, for a debugger."""
_NOUNS: dict[object, str] = {str: "TEXT", int: "N", float: "X", Path: "PATH"}


class _Command(NamedTuple):
    name: str
    panel: str
    call: Callable[..., Any]


def commands_page() -> str:
    """The page, as text."""
    commands = list(_commands(app, "clearsim", ""))
    sections = []
    for panel, title in TITLES.items():
        members = [command for command in commands if command.panel == panel]
        rows = [(f"[`{found.name}`](#{anchor(found.name)})", _first_line(found.call)) for found in members]
        sections += [f"## {title}", table(("command", "what it does"), rows), *map(_section, members)]
    return page("Commands", _INTRODUCTION, *sections)


def _commands(group: typer.Typer, prefix: str, panel: str) -> Iterator[_Command]:
    """The commands of a group in the order of its help, then those of the groups in it."""
    for command in group.registered_commands:
        if command.callback is not None:
            name = command.name or command.callback.__name__.replace("_", "-")
            yield _Command(f"{prefix} {name}", panel or str(command.rich_help_panel), command.callback)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            yield from _commands(inner.typer_instance, f"{prefix} {inner.name}", panel or str(inner.rich_help_panel))


def _first_line(call: Callable[..., Any]) -> str:
    return (inspect.getdoc(call) or "").split("\n\n")[0]


def _section(command: _Command) -> str:
    """Usage, help and parameters."""
    parameters = list(_parameters(command.call))
    arguments = [found.usage for found in parameters if found.is_argument]
    options = [] if all(found.is_argument for found in parameters) else ["[OPTIONS]"]
    usage = " ".join([command.name, *options, *arguments])
    parts = [f"### `{command.name}`", f"```text\n{usage}\n```", inspect.getdoc(command.call) or ""]
    if parameters:
        rows = [(code(found.name), code(found.default), found.meaning) for found in parameters]
        parts.append(table(("parameter", "default", "meaning"), rows))
    return "\n\n".join(parts)


class _Parameter(NamedTuple):
    name: str
    usage: str
    default: str
    meaning: str
    is_argument: bool


def _parameters(call: Callable[..., Any]) -> Iterator[_Parameter]:
    """What a command takes, `--debug` left out, for all have it."""
    hints = typing.get_type_hints(call, include_extras=True)
    for name, parameter in inspect.signature(call).parameters.items():
        kind, info = typing.get_args(hints[name])[:2]
        default = "" if parameter.default in (parameter.empty, None, False, True) else parameter.default
        default = ", ".join(map(str, default)) if isinstance(default, list) else str(default)
        if isinstance(info, typer.models.ArgumentInfo):
            label = info.metavar or name.upper()
            usage = label if parameter.default is parameter.empty or label.startswith("[") else f"[{label}]"
            yield _Parameter(label, usage, default, info.help or "", True)
        elif name != "debug":
            # In an annotation the first spelling of an option is what typer calls its default.
            given = [text for text in (info.default, *(info.param_decls or ())) if isinstance(text, str)]
            spelled = ", ".join(given) or f"--{name.replace('_', '-')}"
            noun = "" if kind is bool else f" {info.metavar or _noun(kind)}"
            if kind is bool and parameter.default is True:
                default = spelled.split("/")[0]
            yield _Parameter(spelled + noun, "", default, info.help or "", False)


def _noun(kind: Any) -> str:
    """What stands for a value of a type, optional or in a list."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is list:
        kind = typing.get_args(kind)[0]
    return _NOUNS[kind]


def parameter_names(group: typer.Typer) -> dict[str, set[str]]:
    """Name of every command without `clearsim` -> its options as they are written."""
    return {
        command.name.removeprefix("clearsim "): {
            word
            for found in _parameters(command.call)
            for word in re.split(r"[/, ]+", found.name)
            if word.startswith("--")
        }
        for command in _commands(group, "clearsim", "")
    }
