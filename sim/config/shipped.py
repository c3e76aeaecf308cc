"""The configs inside the package, as `clearsim configs` lists them: of each file only the top level is looked at."""

import re
from pathlib import Path

from .yamlfile import find_config, parse_yaml, shipped_configs

#: A key at the top of a file, with what belongs to it up to the next.
_PART = re.compile(r"^([A-Za-z_]+):.*\n(?:(?:[ \t#-].*)?\n)*", re.MULTILINE)


def list_shipped() -> list[tuple[str, str, str]]:
    """(name, folder, title) of every shipped config, by folder; an overlay without a title is described as one."""
    rows = []
    for name, path in shipped_configs().items():
        keys, title = _top_level(path)
        if not {"seed", "markets", "population"} <= keys:
            title = f"(overlay) {title}".strip()
        rows.append((name, _folder(path), title))
    return sorted(rows, key=lambda row: (row[1], row[0]))


def _top_level(path: Path) -> tuple[set[str], str]:
    """The keys of a config and its title, with those of the configs that it extends."""
    parts = {part[1]: part[0] for part in _PART.finditer(path.read_text(encoding="utf-8"))}
    wanted = "".join(parts[key] for key in ("extends", "title") if key in parts)
    given = parse_yaml(wanted, source=path.name).plain() if wanted else {}
    extends = given.get("extends") or []
    keys, title = set(parts), ""
    for name in [extends] if isinstance(extends, str) else extends:
        below, title_below = _top_level(find_config(name, folder=path.parent))
        keys, title = keys | below, title_below or title
    return keys, str(given.get("title") or title)


def _folder(path: Path) -> str:
    return "" if path.parent.name == "configs" else path.parent.name
