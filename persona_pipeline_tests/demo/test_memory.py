"""Memory of a large shop: bounded by the batch, not by the number of customers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, resource, sys
from pathlib import Path
from persona_pipeline.demo import generate
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
customers, days = int(sys.argv[2]), int(sys.argv[3])
summary = generate(Path(sys.argv[1]), customers=customers, days=days, batch_customers=20_000)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"before_mb": before / 1024, "peak_mb": after / 1024, "lines": summary.order_lines}))
"""


def measured(directory: Path, customers: int, days: int) -> dict[str, float]:
    """Peak memory of a generation in a process of its own."""
    directory.mkdir()
    command = [sys.executable, "-c", PROGRAM, str(directory), str(customers), str(days)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.proof
def test_two_hundred_thousand_customers_stay_below_a_gigabyte(tmp_path: Path) -> None:
    large = measured(tmp_path / "large", 200_000, 60)
    assert large["lines"] > 500_000
    assert large["peak_mb"] < 1024
