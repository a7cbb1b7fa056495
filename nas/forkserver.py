"""The process that worker processes are forked from: started early, so that its imports overlap with other work."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os

PRELOADED = ["nas.workers", "nas.cli"]  # what tasks need, and the main module, which each worker imports


def start_forkserver() -> None:
    """Begin to start it, if it does not run yet; what workers need is imported there meanwhile."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    # It would look for modules in the working folder first, where there may be others of the same names.
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before
