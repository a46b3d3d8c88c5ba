"""What every benchmark does alike: runs in processes of their own, memory, clocks, the table and last line.

What is run, and against whom, stands in each benchmark. Nothing heavy is imported here: it would count as the
memory of every run.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Found = dict[str, Any]  # numbers by name


class Timed(NamedTuple, Generic[T]):
    """What a run returned, its seconds by the clock, and those of the processors."""

    result: T
    seconds: float
    processors: float


def timed(run: Callable[..., T], *given: object) -> Timed[T]:
    """Run and measure."""
    begun, used = time.perf_counter(), _processors()
    result = run(*given)
    return Timed(result, time.perf_counter() - begun, _processors() - used)


def _processors() -> float:
    """What this process and those it waited for have used; on a shared machine the fairer clock."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_mib() -> float:
    """Peak memory of this process; not ru_maxrss, which a new one inherits from the one that started it."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else 0.0


def apart(run: Callable[..., Found], *given: object) -> Found:
    """What a run finds in a process of its own, with its `peak` memory in MiB unless it took that itself."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_with_peak, run, *given).result()


def _with_peak(run: Callable[..., Found], *given: object) -> Found:
    found = run(*given)
    return {"peak": peak_mib(), **found}


def script(file: Path, *given: object) -> Found:
    """What a script finds, which prints it as its last line."""
    command = [sys.executable, str(file), *map(str, given)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{file.name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def median(runs: Iterable[Mapping[str, float]], name: str) -> float:
    """The median of one number over several runs."""
    return statistics.median(each[name] for each in runs)


def step_rows(steps: Mapping[str, float]) -> list[str]:
    """The steps of a run, to stand below its row."""
    return [f"    {step:20}{seconds:8.2f} s" for step, seconds in steps.items()]


def report(bench: str, table: Iterable[str], *, ratios: Mapping[str, float], peak: float, rows: int) -> None:
    """Print the table and, as the last line, one JSON object; `peak` is in MiB, of our side."""
    rounded = {name: round(value, 2) for name, value in ratios.items()}
    summary = {"bench": bench, "ratios": rounded, "peak_mb": round(peak, 1), "rows": rows}
    print("\n".join([*table, json.dumps(summary)]))
