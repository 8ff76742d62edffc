"""Line protocols (`contract.md`): other programs start them, so they start at once (ruling 12)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import click


@click.command("parse")
def parse_lines() -> None:
    """每行一条消息，输出命令或 null。 JSON lines in, one command or null out."""
    from bot.handlers.grammar import parse

    def answer(message: dict[str, Any]) -> Any:
        parsed = parse(str(message.get("text") or ""))
        return None if parsed is None else {"command": parsed.command, "ids": list(parsed.ids)}

    _lines(answer)


@click.command()
def faq() -> None:
    """每行一条消息，输出问的是什么。 JSON lines in, the topics asked about out."""
    from bot.faq.recognise import recognise

    _lines(lambda message: {"intents": recognise(str(message.get("text") or ""))})


@click.command()
def stage() -> None:
    """每行一条轨迹，输出包裹走到哪一步。 JSON lines in, the stage of each trace line out."""
    from bot.rules.stage import stage_of_text

    _lines(
        lambda line: {"stage": str(stage_of_text(str(line.get("text") or ""), str(line.get("carrier") or "generic")))}
    )


def _lines(answer: Callable[[dict[str, Any]], Any]) -> None:
    """One line out for each line in, flushed; a line that is no object counts as an empty message."""
    import json

    for line in _input():
        try:
            message = json.loads(line)
        except ValueError:
            message = {}
        said = answer(message if isinstance(message, dict) else {})
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _input() -> Iterable[str]:
    for raw in sys.stdin.buffer:
        if raw.strip():
            yield raw.decode("utf-8", "replace")
