"""The folder of a run: its name, its files, and the lock that lets one process in."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nas.errors import RunError

NAME_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class RunDirectory:
    """Where the files of a run are.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.path.name

    @property
    def study(self) -> Path:
        """The Optuna study, an SQLite database."""
        return self.path / "study.db"

    @property
    def config(self) -> Path:
        """The resolved configuration, JSON."""
        return self.path / "config.json"

    @property
    def plan(self) -> Path:
        """Sizes of the search, fixed when it began, JSON."""
        return self.path / "plan.json"

    @property
    def encoding(self) -> Path:
        """How rows become inputs and outputs become answers, JSON."""
        return self.path / "encoding.json"

    @property
    def checkpoint(self) -> Path:
        """State of the search at the start of the current generation, JSON."""
        return self.path / "checkpoint.json"

    @property
    def standings(self) -> Path:
        """Training states of a generation that was interrupted, safetensors."""
        return self.path / "standings.safetensors"

    @property
    def predictor(self) -> Path:
        """A copy of the predictor file that the run starts from; there only if it was given one."""
        return self.path / "predictor.json"

    @property
    def skipped(self) -> Path:
        """Every child that the gate skipped, CSV."""
        return self.path / "skipped.csv"

    @property
    def report(self) -> Path:
        """The result, JSON."""
        return self.path / "report.json"

    @property
    def models(self) -> Path:
        """Folder of the trained networks of the front, one file a trial."""
        return self.path / "models"

    @property
    def shared(self) -> Path:
        """Folder of the rows as the workers map them; there only while the run is at work."""
        return self.path / "shared"

    @classmethod
    def create(cls, out: Path, name: str | None, data: str) -> RunDirectory:
        """Make the folder of a new run.

        Args:
            out: Folder of all runs.
            name: The run's name; by default that of the data, with a number where it is taken.
            data: The data as given by the user.

        Raises:
            RunError: The name is taken or not a name, or the folder cannot be made.
        """
        if name is not None:
            check_name(name)
            names = iter([name])
        else:
            stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(data).name.split(".")[0]).strip("-")[:56] or "run"
            names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1_000_000))
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"Cannot make the folder {out}: {error.strerror}. Choose another --out.") from None
        for candidate in names:
            path = out / candidate
            try:
                path.mkdir()
            except FileExistsError:
                if name is not None:
                    raise RunError(
                        f'The run "{name}" exists already in {out}. Choose another --name, or go on with '
                        f"`nas resume {path}`."
                    ) from None
                continue
            except OSError as error:
                raise RunError(f"Cannot make the folder {path}: {error.strerror}. Choose another --out.") from None
            return cls(path)
        raise RunError(f"No free name for a run in {out}. Give one with --name.")

    @classmethod
    def find(cls, run: str, out: Path = Path("runs")) -> RunDirectory:
        """The folder of an existing run, given as a path or as a name in ``runs``.

        Raises:
            RunError: There is no such run.
        """
        for path in (Path(run), out / run):
            if (path / "config.json").is_file():
                return cls(path)
        known = sorted(path.parent.name for path in out.glob("*/config.json"))
        hint = f"Runs in {out}: {', '.join(known[:10])}." if known else f"There is no run in {out} yet."
        raise RunError(f'There is no run "{run}". {hint}')

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run; the lock goes with the process, however it ends.

        Raises:
            RunError: Another process holds it.
        """
        with open(self.path / "lock", "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(f'The run "{self.name}" is held by {_holder(file.name)}. Wait, or stop it.') from None
            file.truncate(0)
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
            file.write(json.dumps(holder))
            file.flush()
            shutil.rmtree(self.shared, ignore_errors=True)  # of a holder that was killed
            try:
                yield
            finally:
                shutil.rmtree(self.shared, ignore_errors=True)

    def is_held(self) -> bool:
        """Whether a process is at work on the run."""
        try:
            with open(self.path / "lock", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def remove(self) -> None:
        """Delete the folder and all in it."""
        shutil.rmtree(self.path, ignore_errors=True)


def check_name(name: str) -> None:
    """Raise RunError unless a text can be the name of a run."""
    if not NAME_PATTERN.fullmatch(name):
        raise RunError(f'"{name}" cannot name a run. Use 1 to 64 letters, digits, "-" and "_".')


def _holder(lock_file: str) -> str:
    try:
        holder = json.loads(Path(lock_file).read_text(encoding="utf-8"))
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
