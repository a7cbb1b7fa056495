from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nas

SCRIPT = """
import multiprocessing, os, pkgutil
from nas.forkserver import start_forkserver

if __name__ == "__main__":
    start_forkserver()
    assert "PYTHONSAFEPATH" not in os.environ
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        print(pool.apply(pkgutil.resolve_name, ("nas:__file__",)))
"""


def test_workers_import_the_package_of_their_parent_and_not_one_in_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    folder = tmp_path / "work"
    (folder / "nas").mkdir(parents=True)
    (folder / "nas" / "__init__.py").touch()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == Path(str(nas.__file__))
