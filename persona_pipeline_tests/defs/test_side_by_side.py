"""Worker processes: they do the work, and they do not outlive the command that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from persona_pipeline.defs.side_by_side import workers

PATIENCE_SECONDS = 60
# a command with a busy worker, which tells its number
COMMAND = """
import os, sys, time
sys.path.insert(0, {tests!r})
from persona_pipeline.defs.side_by_side import workers
from test_side_by_side import tell_and_wait
if __name__ == "__main__":
    with workers(1) as pool:
        pool.submit(tell_and_wait, {file!r}).result()
"""


def tell_and_wait(file: str) -> None:
    """Write the number of this process and stay."""
    Path(file).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(PATIENCE_SECONDS)


def double(number: int) -> tuple[int, int]:
    """Twice the number, and who says so."""
    return 2 * number, os.getpid()


def test_the_work_is_done_in_other_processes() -> None:
    with workers(2) as pool:
        found = list(pool.map(double, range(4)))
    assert [result for result, _ in found] == [0, 2, 4, 6]
    assert os.getpid() not in {process for _, process in found}


def test_a_killed_command_leaves_no_worker_behind(tmp_path: Path) -> None:
    told = tmp_path / "worker"
    script = tmp_path / "command.py"
    script.write_text(COMMAND.format(tests=str(Path(__file__).parent), file=str(told)), encoding="utf-8")
    command = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    until = time.monotonic() + PATIENCE_SECONDS
    while not (told.exists() and told.read_text(encoding="ascii")) and time.monotonic() < until:
        time.sleep(0.05)
    worker = psutil.Process(int(told.read_text(encoding="ascii")))
    assert worker.is_running()
    command.send_signal(signal.SIGKILL)
    command.wait()
    worker.wait(PATIENCE_SECONDS / 2)
