"""`clearsim cite`: print how to cite clearsim."""

from typing import Annotated

import typer

from .options import Debug


def cite(
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print a BibTeX entry.")] = False, debug: Debug = False
) -> None:
    """Print the citation for this installation, with version and commit."""
    from ..api.cite import reference

    typer.echo(reference("bibtex" if bibtex else "text"))
