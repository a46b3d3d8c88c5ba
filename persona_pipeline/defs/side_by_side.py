"""Worker processes for units that do not depend on each other, so that a history uses more than one core.

Here: where the processes come from and how they end. Not here: which units they run (launch.py).

The processes are forked from a server that loads the heavy libraries while the first phase of a range runs.
They end with the process that started them: a killed command leaves nobody behind who still writes.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver

PRELOADED = (
    "pandera.pandas",
    "persona_pipeline.affinity",
    "persona_pipeline.cleaning.window",
    "persona_pipeline.contracts.validation",
    "persona_pipeline.defs.build",
    "persona_pipeline.defs.event_log",
    "persona_pipeline.engine.duckdb",
    "persona_pipeline.identity",
    "persona_pipeline.lake.delta",
    "persona_pipeline.propensity",
    "persona_pipeline.recommendation",
    "persona_pipeline.reporting",
    "persona_pipeline.segmentation",
    "persona_pipeline.warehouse",
)


def warm_up() -> None:
    """Start the server, which loads the libraries while this process goes on."""
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    forkserver.ensure_running()


def workers(
    processes: int, begin: Callable[..., None] | None = None, arguments: tuple[object, ...] = ()
) -> ProcessPoolExecutor:
    """A pool of worker processes; each calls `begin` once, and finds its libraries loaded."""
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(processes, context, _follow_parent, (begin, arguments))


def _follow_parent(begin: Callable[..., None] | None, arguments: tuple[object, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if begin:
        begin(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
