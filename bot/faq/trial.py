"""What a phrase would change, before it goes live: nothing is stored here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.faq.answers import RULES
from bot.faq.lexicon import lexicon
from bot.faq.recognise import SHORTEST_PHRASE, holds, plain_phrase, read

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Change:
    """A message that would be answered differently: its topics now, and with the phrase; none is silence."""

    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class Trial:
    """The recogniser as the operator's page asks it. `known` are reviewed messages that any phrase is tried on; left
    out, they are the examples and counter-examples of every topic, read when a phrase is first tried.
    """

    topics: tuple[str, ...] = tuple(RULES)

    def __init__(self, known: Iterable[str] | None = None) -> None:
        self._known = None if known is None else tuple(known)

    def trial(
        self, topic: str, phrase: str, extra: Mapping[str, Sequence[str]], texts: Sequence[str]
    ) -> Sequence[Change]:
        """Which of the known messages and of `texts` the phrase would change, at most 50. Only a message that holds
        it can, so the others are not read.
        """
        added = {**extra, topic: (*extra.get(topic, ()), phrase)}
        changes = []
        known = _reviewed() if self._known is None else self._known
        for text in dict.fromkeys((*texts, *known)):
            if not holds(text, phrase):
                continue
            before, after = read(text, extra).topics, read(text, added).topics
            if before != after:
                changes.append(Change(text, tuple(before), tuple(after)))
            if len(changes) == MOST_SHOWN:
                break
        return changes

    def usable(self, phrase: str) -> bool:
        """Whether any message can be found to hold it: marks, numbers and links are taken out of both."""
        return len(plain_phrase(phrase)) >= SHORTEST_PHRASE

    def taken(self, phrase: str, extra: Mapping[str, Sequence[str]]) -> str | None:
        """The topic to which the same wording belongs already."""
        plain = plain_phrase(phrase)
        return next((topic for topic, known in extra.items() if plain in map(plain_phrase, known)), None)

    def topics_of(self, text: str, extra: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """What a message is answered with."""
        return read(text, extra).topics


def _reviewed() -> tuple[str, ...]:
    return tuple(text for topic in lexicon().topics for text in (*topic.examples, *topic.counter))
