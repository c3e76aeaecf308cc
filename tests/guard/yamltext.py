"""Writes YAML as clearsim reads it: without anchors, keys in their order."""

from typing import Any

import yaml


class _Plain(yaml.SafeDumper):
    """Writes a value again wherever it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        """True: there are no anchors."""
        return True


def to_text(value: Any, *, on_one_line: bool = False) -> str:
    """The value as YAML; `on_one_line`: in flow style without an end of line."""
    if not on_one_line:
        return yaml.dump(value, Dumper=_Plain, sort_keys=False)
    text = yaml.dump(value, Dumper=_Plain, sort_keys=False, default_flow_style=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")
