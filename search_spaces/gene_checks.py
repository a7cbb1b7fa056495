"""What a gene must be, and reading genes from JSON."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any


class GenotypeError(ValueError):
    """A gene is missing, unknown, of the wrong type, or out of range."""


def values_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def genes_of(owner: type[Any], data: object) -> dict[str, Any]:
    """A copy of `data`, which must have exactly the fields of `owner` as keys.

    Raises:
        GenotypeError: It is no object, or a key is missing or unknown.
    """
    if not isinstance(data, dict):
        raise GenotypeError(f"{owner.__name__}: {data!r} must be an object with named genes.")
    known = [field.name for field in fields(owner)]
    for name in data:
        if name not in known:
            nearest = difflib.get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
            raise GenotypeError(f'{owner.__name__}: unknown gene "{name}"; the nearest known is "{nearest}".')
    for name in known:
        if name not in data:
            raise GenotypeError(f'{owner.__name__}: the gene "{name}" is missing; give all of {", ".join(known)}.')
    return dict(data)


def list_of(where: str, name: str, value: object) -> list[Any]:
    """The value, which must be a list."""
    if not isinstance(value, list):
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be a list.")
    return value


def check_tuple(where: str, name: str, value: object, kind: type[object], least: int, most: int) -> None:
    """Accepts a tuple of `least` to `most` values of one kind."""
    if type(value) is not tuple or not all(isinstance(item, kind) for item in value):
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be a tuple of {kind.__name__} values.")
    if not least <= len(value) <= most:
        raise GenotypeError(f"{where}: {len(value)} {name} given; there must be {least} to {most}.")


def check_number(where: str, name: str, value: object) -> None:
    """Accepts a finite int or float."""
    # Exact types: 1 == 1.0 == True, but their JSON, and so the key, differs.
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be a finite int or float.")


def check_integer(where: str, name: str, value: object, least: int, most: int) -> None:
    """Accepts an int in least..most."""
    if type(value) is not int or not least <= value <= most:
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be an int in {least}..{most}.")


def check_positive(where: str, name: str, value: object, most: float) -> None:
    """Accepts a finite float above 0 and at most `most`."""
    if type(value) is not float or not (0.0 < value <= most and math.isfinite(value)):
        limit = f" and at most {most}" if math.isfinite(most) else ""
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be a finite float above 0{limit}.")


def check_share(where: str, name: str, value: object) -> None:
    """Accepts a float from 0 to below 1."""
    if type(value) is not float or not 0.0 <= value < 1.0:
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be a float, at least 0 and below 1.")


def check_choice(where: str, name: str, value: object, choices: Sequence[str]) -> None:
    """Accepts one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be one of {', '.join(choices)}.")


def check_flag(where: str, name: str, value: object) -> None:
    """Accepts True or False."""
    if type(value) is not bool:
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be True or False.")
