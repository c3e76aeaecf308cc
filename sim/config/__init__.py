"""Configs: RunConfig, and reading one from a strict YAML file. Names are imported when they are first used: a list of
configs needs none of the mechanisms that a RunConfig holds."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .canonical import InputFile, canonical_json, config_hash, input_files, run_id, to_yaml
    from .check import check_config
    from .load import LoadedConfig, build_config, config_from_text, load_config, require_runnable
    from .model import Asset, Market, PositionsFile, Record, RunConfig, Scale
    from .own import own_parts, with_sources
    from .provenance import Provenance
    from .settings import Setting, with_settings, with_values
    from .sizes import max_orders, n_samples, n_traders, size_lines
    from .traders import traders_overrides

__all__ = [
    "Asset",
    "InputFile",
    "LoadedConfig",
    "Market",
    "PositionsFile",
    "Provenance",
    "Record",
    "RunConfig",
    "Scale",
    "Setting",
    "build_config",
    "canonical_json",
    "check_config",
    "config_from_text",
    "config_hash",
    "input_files",
    "load_config",
    "max_orders",
    "n_samples",
    "n_traders",
    "own_parts",
    "require_runnable",
    "run_id",
    "size_lines",
    "to_yaml",
    "traders_overrides",
    "with_settings",
    "with_sources",
    "with_values",
]

_HOMES = {
    "canonical": (
        "InputFile",
        "canonical_json",
        "config_hash",
        "input_files",
        "run_id",
        "to_yaml",
    ),
    "check": ("check_config",),
    "load": (
        "LoadedConfig",
        "build_config",
        "config_from_text",
        "load_config",
        "require_runnable",
    ),
    "model": (
        "Asset",
        "Market",
        "PositionsFile",
        "Record",
        "RunConfig",
        "Scale",
    ),
    "own": (
        "own_parts",
        "with_sources",
    ),
    "provenance": ("Provenance",),
    "settings": (
        "Setting",
        "with_settings",
        "with_values",
    ),
    "sizes": (
        "max_orders",
        "n_samples",
        "n_traders",
        "size_lines",
    ),
    "traders": ("traders_overrides",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    return value
