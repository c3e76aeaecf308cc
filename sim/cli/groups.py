"""`clearsim --help` in groups: run, studies, fund, look, data."""

from typing import Any

from typer.core import TyperGroup

TITLES = {
    "run": "Run one config",
    "studies": "Studies: many runs",
    "fund": "Size a fund",
    "look": "Inspect and check results",
    "data": "Data in and out",
}


class Groups(TyperGroup):
    """A group of commands that lists them under the titles of their panels, in the order in which they were added."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section per group."""
        for panel, title in TITLES.items():
            rows = [
                (name, command.get_short_help_str(limit=300))
                for name, command in self.commands.items()
                if getattr(command, "rich_help_panel", None) == panel and not command.hidden
            ]
            with formatter.section(title):
                formatter.write_dl(rows)
