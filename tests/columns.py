"""Tables of columns for tests, as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_columns(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    """Write columns by name, all of one length."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows, by the names of columns."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
