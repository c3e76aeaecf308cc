"""The claim of the folder of an answer, before anything is computed."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ..runs.answer_folder import AnswerFolder


def claimed(
    folder: Path | None, files: re.Pattern[str], *, overwrite: bool, say: Callable[[str], None]
) -> AbstractContextManager[AnswerFolder | None]:
    """A context with the claim of `folder` for these files; with None if no folder is named."""
    return nullcontext() if folder is None else AnswerFolder(folder, files, overwrite=overwrite, say=say)
