"""Reads the files of a result folder or a study folder: manifest, YAML, text, Parquet parts of the schema.

Defines readable files: JSON and YAML must be mappings, a part must have the schema's columns and kinds. Anything
else is an AnalysisError that names the file. Required tables are defined in `run_folder.py` and `study/folder.py`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from clearsim.manifest_fields import problem_of_manifest
from clearsim.results import SCHEMA_VERSION, Column

from .errors import AnalysisError

#: The parser in C where PyYAML was built with it: ten times as fast.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

KINDS = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
}


def read_manifest(folder: Path, *, kind: str, give: str, subject: str, cure: str) -> dict[str, Any]:
    """The manifest of a folder of this schema version; AnalysisError if it is not one.

    kind, give, subject, cure: parts of messages: the folder, the expected argument, its contents, and the remedy.
    """
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise AnalysisError(f"{folder}: is not a folder; give {give}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnalysisError(f"{folder}: is not a {kind} folder (manifest.json: {error.strerror})") from error
    except ValueError as error:
        raise AnalysisError(f"{path}: is not valid JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise AnalysisError(f"{path}: must be a mapping, found {type(manifest).__name__}")
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        raise AnalysisError(
            f"{folder}: {subject} schema version {version}, this program reads version {SCHEMA_VERSION};"
            f" use the clearsim version named in manifest.json{cure}"
        )
    if problem := problem_of_manifest(manifest):
        raise AnalysisError(f"{path}: {problem}; it was changed or damaged")
    return manifest


def read_yaml(path: Path) -> tuple[dict[str, Any], str]:
    """(The mapping in a YAML file, its text); empty if there is no such file."""
    text = read_text(path)
    try:
        content = yaml.load(text, Loader=_SafeLoader) or {}
    except yaml.YAMLError as error:
        raise AnalysisError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise AnalysisError(f"{path}: must be a mapping, found {type(content).__name__}")
    return content, text


def read_text(path: Path) -> str:
    """A file as text, empty if there is none."""
    try:
        if not path.exists():
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AnalysisError(f"{path}: cannot be read: {error}") from error


@contextmanager
def opened_part(part: Path, columns: Sequence[Column], *, cure: str) -> Iterator[pq.ParquetFile]:
    """A part with these columns and kinds, open for reading; AnalysisError names the part and, if unreadable, the
    remedy.

    Parts may have more columns.
    """
    try:
        with pq.ParquetFile(part) as handle:
            _check_columns(part, columns, {entry.name: entry.type for entry in handle.schema_arrow})
            yield handle
    except (pa.ArrowException, OSError) as error:
        raise AnalysisError(f"{part}: the part is corrupt or cut short ({error}); {cure}") from error


def read_arrays(parts: Sequence[Path], columns: Sequence[Column], *, cure: str) -> dict[str, Any]:
    """These columns of a table in the order of its parts, as `arrays_of` gives them."""
    tables = [pa.schema([(column.name, KINDS[column.kind]) for column in columns]).empty_table()]
    for part in parts:
        with opened_part(part, columns, cure=cure) as handle:
            tables.append(handle.read(columns=tables[0].column_names).select(tables[0].column_names))
    return arrays_of(pa.concat_tables(tables, promote_options="permissive"))


def arrays_of(table: pa.Table) -> dict[str, Any]:
    """The columns of a table without nulls: numbers as NumPy arrays, text as pandas categoricals, names (`name`), which
    hardly repeat, as an Arrow array. No row is looked at in Python: a hundred thousand cost milliseconds.
    """
    return {name: _array_of(name, table.column(name)) for name in table.column_names}


def _array_of(name: str, column: pa.ChunkedArray) -> Any:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column.to_numpy()
    together = column.combine_chunks()
    if name == "name":
        return together.cast(pa.string())
    coded = together.dictionary_encode()
    texts = pd.Index(coded.dictionary.to_pylist(), dtype=object)
    return pd.Categorical.from_codes(coded.indices.to_numpy(), texts)


def read_parts(
    parts: Sequence[Path], columns: Sequence[Column], *, cure: str, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """All rows of a table in the order of its parts, all columns or those of `names`; no rows without parts."""
    chosen = [column for column in columns if names is None or column.name in names]
    order = [column.name for column in chosen] if names is None else list(names)
    kinds = {column.name: KINDS[column.kind] for column in chosen}
    tables = [pa.schema([(name, kinds[name]) for name in order]).empty_table()]
    for part in parts:
        with opened_part(part, columns, cure=cure) as handle:
            tables.append(handle.read(columns=order).select(order).cast(tables[0].schema))
    return pa.concat_tables(tables).to_pandas()


def _check_columns(part: Path, columns: Sequence[Column], kinds: Mapping[str, pa.DataType]) -> None:
    missing = [column.name for column in columns if column.name not in kinds]
    if missing:
        raise AnalysisError(f"{part}: columns {', '.join(missing)} are missing; it was written by another version")
    for column in columns:
        kind = kinds[column.name]
        if kind != KINDS[column.kind] and not (column.kind == "string" and pa.types.is_large_string(kind)):
            raise AnalysisError(f"{part}: column {column.name} must be {column.kind}, found {kind}")
