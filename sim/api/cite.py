"""The citation of clearsim: name, version, commit, licence."""

TITLE = "clearsim: an agent-based simulator of how a derivatives exchange clears leveraged positions"
AUTHORS = "clearsim authors"
LICENSE = "MIT"


def reference(style: str = "text") -> str:
    """The citation for this installation, as text or as BibTeX; with the commit where it lies in a git checkout."""
    from importlib.metadata import version

    from ..runs.manifest import git_commit

    number, commit = version("clearsim"), git_commit()
    at = f", commit {commit}" if commit else ""
    if style == "bibtex":
        return "\n".join(
            [
                "@software{clearsim,",
                f"  title = {{{TITLE}}},",
                f"  author = {{{{{AUTHORS}}}}},",
                f"  version = {{{number}{at}}},",
                f"  license = {{{LICENSE}}},",
                "}",
            ]
        )
    return f"{AUTHORS}. {TITLE}. Version {number}{at}. License {LICENSE}."
