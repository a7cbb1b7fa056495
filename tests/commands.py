"""The command line in this process, and what to give it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from nas.cli import app

TABLE = ["a,b,species"] + [f"{i},{i * i % 7},{('oak', 'elm', 'ash')[i % 3]}" for i in range(60)]


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def nas(*arguments: str | Path) -> Said:
    """Carry out a command."""
    with threadpool_limits(1):
        result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return Said(result.exit_code, result.stdout, result.stderr)


def refused(said: Said) -> str:
    """The one line that a refused command says."""
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("nas: ")
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1
    return said.err.removeprefix("nas: ").rstrip("\n")


def write(path: Path, lines: list[str]) -> Path:
    """Write a text file; gives its path."""
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def with_line(number: int, line: str) -> list[str]:
    """The table with another line at a number; 1 is the header."""
    return [*TABLE[: number - 1], line, *TABLE[number:]]
