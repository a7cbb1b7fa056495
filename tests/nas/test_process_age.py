"""A budget counts from the start of the program, not of the shell that became it."""

from __future__ import annotations

import subprocess
import sys

READ = "import time, nas.cli; print(time.monotonic() - nas.cli.STARTED)"


def test_what_a_shell_did_before_it_became_the_program_does_not_count() -> None:
    waited = subprocess.run(
        ["bash", "-c", 'sleep 5; exec "$0" -c "$1"', sys.executable, READ], capture_output=True, text=True, check=True
    )
    assert 0.05 < float(waited.stdout) < 4.5
