"""Configs: RunConfig, and reading one from a strict YAML file."""

from .canonical import InputFile, canonical_json, config_hash, input_files, run_id, to_yaml
from .check import check_config
from .load import LoadedConfig, build_config, config_from_text, load_config, require_runnable
from .model import Asset, Market, PositionsFile, Provenance, Record, RunConfig, Scale
from .own import own_parts, with_sources
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
