"""The configs inside the package, as `clearsim configs` lists them."""

from pathlib import Path

from .yamlfile import read_nodes, shipped_configs


def list_shipped() -> list[tuple[str, str, str]]:
    """(name, folder, title) of every shipped config, by folder; an overlay without a title is described as one."""
    rows = []
    for name, path in shipped_configs().items():
        value = read_nodes(path).plain()
        title = str(value.get("title") or "")
        if not {"seed", "markets", "population"} <= set(value):
            title = f"(overlay) {title}".strip()
        rows.append((name, _folder(path), title))
    return sorted(rows, key=lambda row: (row[1], row[0]))


def _folder(path: Path) -> str:
    return "" if path.parent.name == "configs" else path.parent.name
