"""The predictor file: rows and settings as JSON with a checksum. Loading refits; nothing is pickled."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.familiarity import Familiarity
from predictors.prediction import Prediction
from predictors.regressors import Regressor, Target, is_regressor, make_regressor
from predictors.tables.recipe import Recipe

FORMAT = "sparsewright predictor"
FORMAT_VERSION = 1


class SavedPredictor(BaseModel):
    """All that a predictor is made of.

    Attributes:
        sources: Names of the tables or runs that it learned from.
        target: What it predicts, as its source calls it.
        minimize: Whether lower is better there: `targets` are negated.
        regressor: Name of the regressor, as `make_regressor` reads it, but not "auto".
        transform: What of the targets is learned.
        seed: That of the regressor.
        recipe: How the features came about.
        names: Names of the features.
        size_names: Those that only tell size.
        rows: Features of the networks learned from.
        targets: Score of each, larger is better.
        families: Family of each; empty where they are not known.
        trust: What is known of how far to trust it, as `trust_report.to_dict` tells it.
        trust_lines: The same for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...]
    target: str
    minimize: bool
    regressor: str
    transform: Target
    seed: int = Field(ge=0)
    recipe: Recipe
    names: tuple[str, ...] = Field(min_length=1)
    size_names: tuple[str, ...]
    rows: tuple[tuple[FiniteFloat, ...], ...]
    targets: tuple[FiniteFloat, ...] = Field(min_length=1)
    families: tuple[str, ...]
    trust: dict[str, Any]
    trust_lines: tuple[str, ...]

    @model_validator(mode="after")
    def _fits(self) -> SavedPredictor:
        if not is_regressor(self.regressor):
            raise ValueError(f'there is no regressor "{self.regressor}"')
        if any(len(row) != len(self.names) for row in self.rows):
            raise ValueError("a row has not one value for each name")
        self.examples()  # checks the rest
        return self

    def examples(self) -> Examples:
        """The networks that it learned from."""
        return Examples(
            names=self.names,
            rows=np.array(self.rows, dtype=np.float64).reshape(len(self.rows), len(self.names)),
            targets=np.array(self.targets, dtype=np.float64),
            size_names=self.size_names,
            families=self.families,
        )

    def fit(self) -> Regressor:
        """The regressor, fitted. It predicts scores; larger is better. Same file, same predictions."""
        examples = self.examples()
        return make_regressor(self.regressor, self.seed, self.transform).fit(examples.rows, examples.targets)

    def predict(self, rows: NDArray[np.float64]) -> Prediction:
        """What it predicts, on the scale of its source, for features of shape (n, len(names))."""
        prediction = self.fit().predict(rows)
        return Prediction(-prediction.mean, prediction.spread) if self.minimize else prediction

    def outside(self, rows: NDArray[np.float64], families: Sequence[str] = ()) -> NDArray[np.bool_]:
        """For which networks it should not be trusted, see `Familiarity.outside`; shape (n,)."""
        return Familiarity.of(self.examples().rows, self.families).outside(rows, families)


class _Envelope(BaseModel):
    """What is around the predictor in its file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["sparsewright predictor"]
    version: Literal[1]
    sha256: str
    predictor: dict[str, Any]


def checksum(predictor: SavedPredictor) -> str:
    """The checksum of a predictor, sha256 in hexadecimal digits."""
    return _checksum(predictor.model_dump(mode="json"))


def write_predictor(path: Path, predictor: SavedPredictor) -> str:
    """Write a predictor file, whole or not at all; equal predictors give equal bytes.

    Returns:
        Its checksum.

    Raises:
        OSError: It cannot be written.
    """
    content = predictor.model_dump(mode="json")
    digest = _checksum(content)
    envelope = {"format": FORMAT, "version": FORMAT_VERSION, "sha256": digest, "predictor": content}
    write_whole(path, json.dumps(envelope, allow_nan=False, separators=(",", ":")) + "\n")
    return digest


def read_predictor(path: Path) -> SavedPredictor:
    """Read a predictor file.

    Raises:
        PredictorError: It cannot be read, is cut off, of another version, was changed, or is no such file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise PredictorError(f"{path} cannot be read: {error.strerror}. Give a file of nas-predictor train.") from None
    except (ValueError, RecursionError):
        raise PredictorError(f"{path} is damaged or is not a predictor file; copy or train it again.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise PredictorError(f"{path} is not a predictor file; give one that nas-predictor train wrote.")
    if content.get("version") != FORMAT_VERSION:
        raise PredictorError(
            f"{path} has version {str(content.get('version'))[:20]}; this program reads version {FORMAT_VERSION}. "
            "Train it again."
        )
    try:
        envelope = _Envelope.model_validate(content)
        if _checksum(envelope.predictor) != envelope.sha256:
            raise PredictorError(f"{path} was changed after it was written: its checksum differs. Copy it again.")
        predictor = SavedPredictor.model_validate(envelope.predictor)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the predictor"
        message = first["msg"].removeprefix("Value error, ")
        raise PredictorError(f"{path} is not a valid predictor file: {where}: {message}. Train it again.") from None
    predictor.recipe.check_versions()
    return predictor


def write_whole(path: Path, text: str) -> None:
    """Write a file such that it is there whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # as if it had been opened here
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _checksum(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
