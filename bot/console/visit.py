"""One visit to a page: who asks, in which language, at which moment, and what the form said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from multidict import MultiDict

from bot.console.drawing import Drawing, Speech
from bot.console.house import House
from bot.domain.people import Asker
from bot.merchants.sessions import Session

Form = MultiDict[Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a page: who asks, in which language, at which moment."""

    request: web.Request
    house: House
    drawing: Drawing
    session: Session | None
    speech: Speech
    theme: str
    form: Form
    pre_token: str

    @property
    def now(self) -> datetime:
        """The moment that this answer is drawn for."""
        return self.speech.now

    @property
    def lang(self) -> str:
        """`zh` or `en`."""
        return self.speech.lang

    @property
    def asker(self) -> Asker:
        """Who asks; only where somebody is signed in."""
        if self.session is None:
            raise LookupError("nobody is signed in here")
        return self.session.asker

    @property
    def csrf(self) -> str:
        """What the forms of this page carry."""
        return self.session.csrf if self.session else self.pre_token

    @property
    def by_script(self) -> bool:
        """Whether our own script asks: it wants data, not a page. A form can't set this header."""
        return self.request.headers.get("X-Console") == "1"

    def word(self, key: str, /, **facts: object) -> str:
        """A text of the pages in this visitor's language."""
        return self.speech.page(key, **facts)

    def field(self, name: str, longest: int = 2_000) -> str:
        """A field of the form; empty when it is missing, or a file."""
        value = self.form.get(name, "")
        return value[:longest] if isinstance(value, str) else ""

    def fields(self, name: str) -> tuple[str, ...]:
        """All values of a field, in the order of the form."""
        return tuple(value for value in self.form.getall(name, ()) if isinstance(value, str))

    def go(self, path: str) -> web.Response:
        """After a post: to the page that shows what it did."""
        return web.Response(status=303, headers={"Location": path})


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]
"""A page: what `session.Door` calls once somebody may see it."""
