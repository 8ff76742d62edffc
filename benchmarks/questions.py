"""The recogniser of questions: time for a message, start of `intercept-bot faq`, and the memory that it adds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.goals import Figure, Report

MESSAGES = Path(__file__).resolve().parents[1] / "tests" / "faq" / "faq_dev.jsonl"
MEMORY = """
import json, sys
def pss():
    lines = open('/proc/self/smaps_rollup').read().splitlines()
    return next(int(l.split()[1]) for l in lines if l.startswith('Pss:')) / 1024
before = pss()
from bot.faq.recognise import recognise
recognise('拦截多少钱')
print(pss() - before)
"""


def run(report: Report, *, quick: bool) -> None:
    """The median of several rounds; each round reads every message of the sample once."""
    from bot.faq.recognise import recognise  # noqa: PLC0415 - its cost is what is measured

    texts = [json.loads(line)["text"] for line in MESSAGES.read_text("utf-8").splitlines()]
    recognise(texts[0])
    rounds = 3 if quick else 7
    each, starts, added = [], [], []
    for _ in range(rounds):
        began = time.process_time()
        for text in texts:
            recognise(text)
        each.append((time.process_time() - began) / len(texts) * 1e3)
        starts.append(_start())
        added.append(float(_python(MEMORY)))
    report.add(
        Figure("FAQ", "a message read", each, " ms", 2, 0.2),
        Figure("FAQ", "start of `intercept-bot faq` to its first answer", starts, " s", 1, 0.5),
        Figure("FAQ", "memory that recognition adds", added, " MB", 40),
    )


def _start() -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "bot.cli", "faq"],
        input='{"text": "没拦住收钱吗"}\n'.encode(),
        check=True,
        capture_output=True,
        timeout=30,
    )
    return time.perf_counter() - began


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30).stdout
