"""What the README tells people to type has to exist."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import typer

from nas.cli import app
from nas.config import load_config
from predictors.train import app as predictor_app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    command = next(line for line in README.splitlines() if "pytest" in line)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_two_commands_are_single_lines_that_make_their_own_environment() -> None:
    for block in blocks("sh")[:2]:
        (line,) = block.strip().splitlines()
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt ")


def test_every_command_and_option_of_the_readme_exists() -> None:
    lines = [line.split("#")[0].split() for block in blocks("sh") for line in block.splitlines()]
    for program, commands in (
        ("nas", typer.main.get_command(app).commands),
        ("nas-predictor", typer.main.get_command(predictor_app).commands),
    ):
        typed = [words for name, *words in lines if name == program]
        assert {words[0] for words in typed} == set(commands)
        for words in typed:
            command = commands[words[0]]
            if hasattr(command, "commands"):
                command = command.commands[words[1]]
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in words if word.startswith("-")} <= known


def test_the_settings_file_of_the_readme_is_accepted(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    file = tmp_path / "search.toml"
    file.write_text(text)
    config = load_config(file, {})
    assert config.search.bounds == {"watts-strogatz": {"rewiring": (0.1, 0.5)}}
    assert config.search.budget_s == 300 and config.data.target == "species"


def test_the_python_of_the_readme_runs() -> None:
    (code,) = blocks("python")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=120)


def test_versions_in_the_constraints_are_within_the_declared_ranges() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] + project["optional-dependencies"]["test"]
    names = {re.split(r"[<>=]", requirement)[0].lower() for requirement in declared}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line}
    assert names <= pinned
