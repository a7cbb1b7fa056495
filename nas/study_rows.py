"""Trials as rows of an Optuna study in SQLite, many in one transaction.

Optuna's own ``add_trial`` asks the database before each value that it writes, and takes 50 ms of a core for a trial;
that is as long as many a training. The tables are those of its schema 12, which Optuna 3.0 to 5.0 have.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial

SCHEMA_VERSION = 12


def has_known_tables(connection: sqlite3.Connection) -> bool:
    """Whether the tables of a study are those that `insert_trials` writes."""
    return bool(connection.execute("SELECT schema_version FROM version_info").fetchone() == (SCHEMA_VERSION,))


def insert_trials(connection: sqlite3.Connection, study: str, trials: Sequence[FrozenTrial]) -> None:
    """Add trials after those that a study has, all or none of them.

    Args:
        connection: To the database.
        study: Name of the study.
        trials: With finite values; what they have for a number is not looked at.

    Raises:
        sqlite3.Error: The database cannot be written.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        (study_id,) = connection.execute("SELECT study_id FROM studies WHERE study_name = ?", (study,)).fetchone()
        (first,) = connection.execute("SELECT count(*) FROM trials WHERE study_id = ?", (study_id,)).fetchone()
        (last_id,) = connection.execute("SELECT coalesce(max(trial_id), 0) FROM trials").fetchone()
        placed = [(last_id + 1 + place, first + place, trial) for place, trial in enumerate(trials)]
        _insert(
            connection,
            "trials (trial_id, number, study_id, state, datetime_start, datetime_complete)",
            ((key, number, study_id, t.state.name, _moment(t.datetime_start), _moment(t.datetime_complete))
             for key, number, t in placed),
        )  # fmt: skip
        _insert(
            connection,
            "trial_params (trial_id, param_name, param_value, distribution_json)",
            ((key, name, of.to_internal_repr(t.params[name]), distribution_to_json(of))
             for key, _, t in placed for name, of in t.distributions.items()),
        )  # fmt: skip
        _insert(
            connection,
            "trial_values (trial_id, objective, value, value_type)",
            (
                (key, objective, value, "FINITE")
                for key, _, t in placed
                for objective, value in enumerate(t.values or [])
            ),
        )
        _insert(
            connection,
            "trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)",
            ((key, step, value, "FINITE") for key, _, t in placed for step, value in t.intermediate_values.items()),
        )
        _insert(
            connection,
            "trial_user_attributes (trial_id, key, value_json)",
            ((key, name, json.dumps(value)) for key, _, t in placed for name, value in t.user_attrs.items()),
        )


def _insert(connection: sqlite3.Connection, into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * (into.count(",") + 1))
    connection.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)


def _moment(moment: datetime | None) -> str | None:
    """A moment as SQLAlchemy writes it."""
    return None if moment is None else moment.isoformat(" ", "microseconds")
