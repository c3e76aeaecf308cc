"""The pages that are generated from what they describe: config models, result schema, commands, public names, notes.

`python -m clearsim.docs.generate` writes them; `tests/docs/` compares them with the code.
"""

from pathlib import Path

from .commands import commands_page
from .config import config_page, study_page
from .decisions import decisions_page
from .python_api import python_page
from .results import results_page

FOLDER = Path(__file__).resolve().parents[1]


def pages() -> dict[str, str]:
    """Path in the documentation -> text of every generated page."""
    return {
        "reference/config.md": config_page(),
        "reference/study.md": study_page(),
        "reference/results.md": results_page(),
        "reference/commands.md": commands_page(),
        "reference/python-api.md": python_page(),
        "explanation/decisions.md": decisions_page(),
    }
