"""What the machine says of itself and of a process: processor time, memory, and how busy it is with other things."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def description() -> str:
    """One line: processors, Python, system, and what else was running."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{cores()} cores, Python {platform.python_version()}, {platform.system()} {platform.release()}, load {load}"


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def load() -> float:
    """Processes that wanted to run, on average over the last minute."""
    return os.getloadavg()[0]


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used so far."""
    # The name stands in brackets and may hold blanks; what follows it is split.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_mb(pid: int) -> float:
    """Memory of a process, pages shared with others counted in proportion; MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
