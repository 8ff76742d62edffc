"""Which handler answers which command and which button: one line each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.handlers.contract import Incoming, Reply
from bot.handlers.grammar import Parsed
from bot.handlers.intercept import Intercept
from bot.handlers.outgoing import Outgoing
from bot.handlers.question import Questions
from bot.handlers.rooms import Rooms
from bot.handlers.steps import Steps
from bot.handlers.telling import Telling

Command = Callable[[Incoming, Parsed], Awaitable[Reply]]
Button = Callable[[Incoming, str], Awaitable[Reply]]


def commands(outgoing: Outgoing, intercept: Intercept, steps: Steps) -> Mapping[str, Command]:
    """By the name that `grammar.parse` gives."""
    return {
        "intercept": intercept.typed,
        "records": _shows(outgoing, lambda parsed: f"records:{parsed.ids[0] if parsed.ids else ''}"),
        "help": _shows(outgoing, lambda _parsed: "help"),
        "fees": _shows(outgoing, lambda _parsed: "fees"),
        "sign": steps.sign_typed,
        "grant": steps.grant,
    }


def buttons(outgoing: Outgoing, intercept: Intercept, steps: Steps) -> Mapping[str, Button]:
    """By the verb of `actions.py`."""

    async def records(incoming: Incoming, number: str) -> Reply:
        return await outgoing.reply([f"records:{number}"], incoming.asker, incoming.chat.lang)

    return {
        "open": intercept.pressed_open,
        "refresh": intercept.pressed_open,
        "confirm": intercept.confirm,
        "dismiss": intercept.dismiss,
        "sign": steps.sign,
        "remind": steps.remind,
        "ask_grant": steps.ask_grant,
        "cancel": steps.cancel,
        "look_again": steps.look_again,
        "records": records,
        "confirm_batch": steps.confirm_batch,
        "pause_batch": steps.pause_batch,
        "resume_batch": steps.resume_batch,
    }


@dataclass(frozen=True, slots=True)
class Answering:
    """Everything that answers, put together once."""

    outgoing: Outgoing
    commands: Mapping[str, Command]
    buttons: Mapping[str, Button]
    question: Callable[[Incoming], Awaitable[Reply]]


def answering(rooms: Rooms) -> Answering:
    """Makes the handlers and hands each its neighbours."""
    outgoing = Outgoing(rooms)
    intercept = Intercept(rooms, outgoing)
    steps = Steps(rooms, outgoing, intercept)
    questions = Questions(rooms, outgoing)
    outgoing.also("answer", questions.draw)
    telling = Telling(rooms, outgoing)
    told = {"subscribe": telling.subscribe, "unsubscribe": telling.unsubscribe}
    asked = {"topic": questions.choose, "useful": questions.useful, "useless": questions.useless}
    return Answering(
        outgoing,
        {**commands(outgoing, intercept, steps), **told},
        {**buttons(outgoing, intercept, steps), **asked},
        questions.ask,
    )


def _shows(outgoing: Outgoing, target: Callable[[Parsed], str]) -> Command:
    async def show(incoming: Incoming, parsed: Parsed) -> Reply:
        return await outgoing.reply([target(parsed)], incoming.asker, incoming.chat.lang)

    return show
