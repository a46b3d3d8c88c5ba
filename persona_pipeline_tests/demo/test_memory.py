"""Memory of a large shop: bounded by the batch, not by the number of customers."""

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
customers, days = int(sys.argv[2]), int(sys.argv[3])
summary = generate(Path(sys.argv[1]), customers=customers, days=days, batch_customers=20_000)
# not ru_maxrss, which a new process inherits from the one that started it
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({"peak_mb": int(peak.split()[1]) / 1024, "lines": summary.order_lines}))
"""


def measured(directory: Path, customers: int, days: int) -> dict[str, float]:
    """Peak memory of a generation in a process of its own."""
    directory.mkdir()
    command = [sys.executable, "-c", PROGRAM, str(directory), str(customers), str(days)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_million_customers_stay_below_a_gigabyte(tmp_path: Path) -> None:
    large = measured(tmp_path / "large", 1_000_000, 30)
    assert large["lines"] > 1_000_000
    assert large["peak_mb"] < 1024
