"""The commented config that `clearsim init` writes."""

from importlib import resources


def starter_text() -> str:
    """The text of the starter config."""
    return resources.files("clearsim.config").joinpath("starter.yaml").read_text(encoding="utf-8")
