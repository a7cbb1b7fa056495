"""The configuration of a run: defaults, a TOML file over them, and flags over both."""

from __future__ import annotations

import difflib
import math
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from nas.errors import BudgetError, ConfigError
from search_spaces import PRIORS, SPACES
from search_spaces.sparse_training import METHODS

MIN_BUDGET_S = 10.0
DEFAULT_BUDGET_S = 300.0
_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(_Section):
    """What is learned from."""

    source: str = ""
    target: str | None = None
    task: Literal["classification", "regression"] | None = None
    missing: Literal["refuse", "impute"] = "refuse"
    quantile_copies: Literal["auto", "all", "none"] = "auto"  # numbers that give two inputs; see `nas.data.prepare`


class SearchConfig(_Section):
    """How the search goes. Either ``budget_s`` or ``trials`` ends it."""

    space: str | None = None  # that of the data
    priors: tuple[str, ...] = tuple(sorted(PRIORS))
    methods: tuple[str, ...] = METHODS  # of sparse training; of recurrent networks "static" alone
    budget_s: float | None = None
    trials: int | None = Field(default=None, ge=1)
    population: int | None = Field(default=None, ge=2, le=10_000)
    max_weights: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0, lt=2**32)
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=1024)
    bounds: dict[str, dict[str, tuple[float, float]]] = {}  # prior -> parameter -> (lowest, highest)

    @field_validator("space")
    @classmethod
    def _known_space(cls, space: str | None) -> str | None:
        if space is not None and space not in SPACES:
            raise ValueError(_unknown("space", space, list(SPACES)))
        return space

    @field_validator("priors")
    @classmethod
    def _known_priors(cls, priors: tuple[str, ...]) -> tuple[str, ...]:
        for prior in priors:
            if prior not in PRIORS:
                raise ValueError(_unknown("prior", prior, list(PRIORS)))
        if not priors:
            raise ValueError(f"at least one prior is needed, of {', '.join(PRIORS)}")
        return tuple(sorted(set(priors)))

    @field_validator("methods")
    @classmethod
    def _known_methods(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        for method in methods:
            if method not in METHODS:
                raise ValueError(_unknown("method of sparse training", method, list(METHODS)))
        if not methods:
            raise ValueError(f"at least one method of sparse training is needed, of {', '.join(METHODS)}")
        return tuple(method for method in METHODS if method in methods)

    @model_validator(mode="after")
    def _one_end(self) -> SearchConfig:
        if self.budget_s is not None and self.trials is not None:
            raise ValueError("give a budget or a number of trials, not both")
        return self


class TrainingConfig(_Section):
    """How candidates are trained; None is chosen from the data, and with a budget from the time as well."""

    seeds: int | None = Field(default=None, ge=1, le=100)
    epochs: int | None = Field(default=None, ge=1)
    optimiser: Literal["adamw", "sgd"] = "adamw"
    schedule: Literal["constant", "cosine", "one-cycle"] = "cosine"
    weight_decay: float = Field(default=0.05, ge=0.0, le=10.0)
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)  # of sgd
    clip_norm: float | None = Field(default=None, ge=0.0)  # 0 for no limit; by default 1 for recurrent networks
    label_smoothing: float | None = Field(default=None, ge=0.0, lt=1.0)  # by default a gene
    dropout: float | None = Field(default=None, ge=0.0, lt=1.0)  # of hidden neurons; by default a gene


class PredictorConfig(_Section):
    """When candidates are skipped unseen."""

    enabled: bool = True
    file: str | None = None  # a predictor file to start from, of nas-predictor train
    pool_factor: int = Field(default=4, ge=1, le=100)  # children asked for, for each that is trained
    warm_up: int = Field(default=30, ge=5)
    exploration_share: float = Field(default=0.15, ge=0.0, le=1.0)
    audit_share: float = Field(default=0.05, ge=0.0, le=1.0)  # of those that would be skipped, trained all the same
    margin: float = 1.0  # standard errors by which its skill must exceed that of size alone
    training_free: bool = False  # whether it learns from training-free scores too; feed-forward networks only
    regressor: str = "gaussian-process"

    @field_validator("regressor")
    @classmethod
    def _known_regressor(cls, regressor: str) -> str:
        from predictors import REGRESSORS  # here, because it takes a while and other commands never need it

        if regressor not in REGRESSORS:
            raise ValueError(_unknown("regressor", regressor, list(REGRESSORS)))
        return regressor


class RunConfig(_Section):
    """Everything a run is told."""

    data: DataConfig = DataConfig()
    search: SearchConfig = SearchConfig()
    training: TrainingConfig = TrainingConfig()
    predictor: PredictorConfig = PredictorConfig()


def load_config(file: Path | None, flags: Mapping[str, Any]) -> RunConfig:
    """The configuration from a TOML file, if any, and flags that were given, by dotted name.

    ``search.budget`` is a duration as text, such as "5m"; without an end the budget is five minutes.

    Raises:
        ConfigError: The file cannot be read, a key is unknown, or a value is out of range.
        BudgetError: The budget is not a duration, or too short.
    """
    values = _read_toml(file) if file is not None else {}
    where = str(file) if file is not None else "the command line"
    _check_keys(values, RunConfig, where)
    for name, value in flags.items():
        section, key = name.split(".")
        if value is not None:
            values.setdefault(section, {})[key] = value
            if name == "search.budget":
                values["search"].pop("trials", None)
            elif name == "search.trials":
                values["search"].pop("budget", None)
    search = values.setdefault("search", {})
    if "budget" in search:
        search["budget_s"] = parse_duration(search.pop("budget"))
    elif "trials" not in search:
        search["budget_s"] = DEFAULT_BUDGET_S
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        value = "" if isinstance(first["input"], dict) else f" Got {first['input']!r}."
        sentence = problem if problem[-1] in ".?" else f"{problem}."
        raise ConfigError(f"{where}: {place}: {sentence}{value}") from None


def parse_duration(text: str | float) -> float:
    """Seconds of a duration such as "90s", "5m", "1h30m"; a bare number is seconds.

    Raises:
        BudgetError: It is not a duration, or shorter than a search can be.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(text).strip().lower())
    written = re.sub(r"\s", "", str(text).strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != written:
        raise BudgetError(f"The budget {str(text)!r} is not a duration. Give for example 90s, 5m or 1h30m.")
    if len(parts) > 1 and any(not unit for _, unit in parts):
        raise BudgetError(f"The budget {str(text)!r} lacks a unit. Give for example 90s, 5m or 1h30m.")
    seconds = sum(float(number) * _UNITS_S[unit or "s"] for number, unit in parts)
    if not math.isfinite(seconds) or seconds < MIN_BUDGET_S:
        raise BudgetError(f"The budget {str(text)!r} is too short for a search. Give at least {MIN_BUDGET_S:.0f}s.")
    return seconds


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"The configuration {file} does not exist. Check the path.") from None
    except OSError as error:
        raise ConfigError(f"The configuration {file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration {file} is not TOML: {error}.") from None


def _check_keys(values: Mapping[str, Any], model: type[BaseModel], where: str, path: str = "") -> None:
    """Refuse unknown keys with the nearest known one, which pydantic does not name."""
    known = set(model.model_fields)
    if model is SearchConfig:
        known = (known - {"budget_s"}) | {"budget"}
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"{where}: {_unknown('key', path + key, sorted(path + name for name in known))}")
        if path == "" and not isinstance(value, Mapping):
            raise ConfigError(f"{where}: {key} must be a table, written as [{key}]. Got {value!r}.")
        kind = model.model_fields[key].annotation if key in model.model_fields else None
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            _check_keys(value, kind, where, f"{path}{key}.")


def _unknown(what: str, name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f'Did you mean "{nearest[0]}"?' if nearest else f"Known: {', '.join(known)}."
    return f'unknown {what} "{name}". {hint}'
