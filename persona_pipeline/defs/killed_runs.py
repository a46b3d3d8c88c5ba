"""Runs of the command line whose process was killed: Dagster believes they go on, and keeps their pool slots.

Here: marking a run with its process, and ending those whose process is gone. Not here: runs that the daemon
launched; its run monitoring ends those.
"""

import socket

import dagster as dg
import psutil

PROCESS_TAG = "persona/process"
_UNFINISHED = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


def process_tag() -> dict[str, str]:
    """The tag that names this process: host, number, and the moment it began, because numbers come again."""
    return {PROCESS_TAG: _name(psutil.Process())}


def end_killed_runs(instance: dg.DagsterInstance) -> int:
    """Report runs of killed processes as failed and free their pool slots; returns how many there were.

    Without this the next run would wait for ever for the slot of the step that was killed.
    """
    host = socket.gethostname()
    killed = [
        run
        for run in instance.get_runs(filters=dg.RunsFilter(statuses=list(_UNFINISHED)))
        if run.tags.get(PROCESS_TAG, "").startswith(f"{host}:") and not _alive(run.tags[PROCESS_TAG])
    ]
    for run in killed:
        instance.report_run_failed(run, message="The process of the run was killed.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(killed)


def _alive(name: str) -> bool:
    try:
        process = psutil.Process(int(name.split(":")[1]))
        return process.status() != psutil.STATUS_ZOMBIE and _name(process) == name
    except psutil.NoSuchProcess:
        return False


def _name(process: psutil.Process) -> str:
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.2f}"
