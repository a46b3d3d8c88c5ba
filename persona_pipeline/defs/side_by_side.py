"""Worker processes for units that do not depend on each other, so that a history uses more than one core.

Here: where the processes come from and how they end. Not here: which units they run (launch.py).

The processes are forked from a server that loads the heavy libraries while the first phase of a range runs.
They end with the process that started them: a killed command leaves nobody behind who still writes.
"""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver

PRELOADED = (
    "pandera.pandas",
    "persona_pipeline.affinity",
    "persona_pipeline.contracts.validation",
    "persona_pipeline.defs.build",
    "persona_pipeline.defs.event_log",
    "persona_pipeline.engine.duckdb",
    "persona_pipeline.lake.delta",
    "persona_pipeline.propensity",
    "persona_pipeline.recommendation",
    "persona_pipeline.segmentation",
)


def warm_up() -> None:
    """Start the server, which loads the libraries while this process goes on."""
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    forkserver.ensure_running()


def workers(processes: int) -> ProcessPoolExecutor:
    """A pool of worker processes; the first call in each finds its libraries loaded."""
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_follow_parent)


def _follow_parent() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
