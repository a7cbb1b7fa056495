"""What several test folders share: one finished run, made once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before numpy and torch are loaded: tests run on all cores at once, and more threads would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import small_runs


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small search, carried out by one worker without a break; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    small_runs.search(folder, "whole", search__workers=1)
    return folder / "whole"
