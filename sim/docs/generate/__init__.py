"""The reference pages, generated from what they describe: config models, result schema, command line, public names.

`python -m clearsim.docs.generate` writes them into `sim/docs/reference/`; `tests/docs/` compares them with the code.
"""

from pathlib import Path

from .commands import commands_page
from .config import config_page, study_page
from .python_api import python_page
from .results import results_page

FOLDER = Path(__file__).resolve().parents[1] / "reference"


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    return {
        "config.md": config_page(),
        "study.md": study_page(),
        "results.md": results_page(),
        "commands.md": commands_page(),
        "python-api.md": python_page(),
    }
