"""Memory of a large shop: bounded by batches and chunks, not by customers, days or log lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
from pathlib import Path
from persona_pipeline.demo import generate
summary = generate(Path(sys.argv[1]), **json.loads(sys.argv[2]))
# not ru_maxrss, which a new process inherits from the one that started it
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
lines = {"orders": summary.order_lines, "web": summary.web_lines}
print(json.dumps({"peak": int(peak.split()[1]) / 1024, **lines}))
"""
DAYS_OF_MANY_LINES = 2


def measured(directory: Path, **sizes: float) -> dict[str, float]:
    """Lines of orders and logs, and peak memory in MiB, of a generation in a process of its own."""
    directory.mkdir()
    command = [sys.executable, "-c", PROGRAM, str(directory), json.dumps(sizes)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_million_customers_stay_below_a_gigabyte(tmp_path: Path) -> None:
    large = measured(tmp_path / "large", customers=1_000_000, days=30)
    assert large["orders"] > 1_000_000
    assert large["peak"] < 1024


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_ten_million_log_lines_a_day_stay_below_a_gigabyte(tmp_path: Path) -> None:
    """Customers who are new arrive after the first day only, so the second day has most of the lines."""
    busy = measured(tmp_path / "busy", customers=1_000_000, days=DAYS_OF_MANY_LINES, strangers=22)
    assert busy["web"] > 10_000_000 * DAYS_OF_MANY_LINES
    assert busy["peak"] < 1024
