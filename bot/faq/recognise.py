"""What a chat message asks about interception: topic ids in order, or silence (`README.md` says how).

Silence is the default: a wrong automatic answer is worse than none. Standard library only; nothing raises, whatever
the text, and the time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.faq.asked import Asked
from bot.faq.clauses import Clause, cut
from bot.faq.gate import Manner, blanked, meant, odd
from bot.faq.lexicon import Lexicon, lexicon
from bot.faq.tidy import Tidied, tidy
from bot.faq.topics import Tier, possible
from bot.faq.veto import CERTAIN, DOUBTFUL, LEAST, LEAST_ASKED, LEAST_ASKED_POSSIBLE, Weighed, features, model

MOST_GUESSES = 3
LEAST_GUESS = 0.05
SHORTEST_PHRASE = 2
NO_PHRASES: Mapping[str, Sequence[str]] = {}

_LOOSE = re.compile(r"[^0-9a-z一-鿿]+")


@dataclass(frozen=True)
class Reading:
    """How one message was understood.

    `topics` in the order asked, empty for silence; `sure` when each rests on a rule that proves it and the model
    agrees; `guesses` are the likeliest topics of a question that passed the gate and is not answered; `asks_state`:
    it asks how one interception stands (`ids` says which, if named). `carriers` are the codes of those named,
    `ids` the numbers of parcels, orders or after-sales, upper case; `lang` is 'zh' or 'en'; `confidence` is the
    model's, 0 to 1, for the least certain topic.
    """

    topics: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    asks_state: bool = False
    sure: bool = False
    confidence: float = 0.0
    carriers: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    lang: str = "zh"
    clauses: tuple[Clause, ...] = ()


def recognise(text: str, extra: Mapping[str, Sequence[str]] = NO_PHRASES) -> list[str]:
    """The topics that the message asks about, in order; empty for silence. `extra` as for `read`."""
    return list(read(text, extra).topics)


def read(text: str, extra: Mapping[str, Sequence[str]] = NO_PHRASES) -> Reading:
    """Understand one message. `extra` holds further phrases by topic, which the shop's operator added:
    a clause that contains one asks about its topic, whatever the rules say.
    """
    words = lexicon()
    tidied = tidy(text)
    silent = Reading(carriers=_carriers(tidied.text, words), ids=tidied.ids, lang=tidied.language)
    if tidied.only_marks or tidied.text.startswith("/"):
        return silent
    phrases = _phrases(extra)
    if not meant(tidied.text, words) and _phrase_in(tidied.text, phrases) is None:
        return silent
    return _Reader(tidied, words, phrases).reading(silent)


class _Reader:
    """Reads one message that passed the gate."""

    def __init__(self, tidied: Tidied, words: Lexicon, phrases: Mapping[str, str]) -> None:
        self._words = words
        self._text = blanked(tidied.text, words)
        self._phrases = phrases
        self._odd = odd(tidied.text, words)
        self._clauses = cut(self._text, words, marked=tidied.marked)
        self._whole = model().weigh(features(tidied.text, words))
        self._by_clause: dict[str, Weighed] = {}

    def reading(self, silent: Reading) -> Reading:
        """The topics that rules propose and the model lets pass."""
        given = self._given()
        asked = Asked(self._clauses, self._words, self, given)
        least_asked = LEAST_ASKED_POSSIBLE if self._odd else LEAST_ASKED
        topics = asked.topics() if self._asked(asked) >= least_asked else list(dict.fromkeys(given.values()))
        listed = _listed(self._text, self._words)
        if listed:
            topics = list(dict.fromkeys([*listed, *topics]))
        guesses: list[str] = []
        if not topics and (asked.questions or self._clauses[0].manner is Manner.TROUBLE):
            topics, guesses = self._from_cues(asked)
        least = min(map(self._whole.of, topics), default=0.0)
        proved = all(asked.tiers.get(topic) is Tier.SURE for topic in topics)
        return Reading(
            topics=tuple(topics),
            guesses=tuple(guesses),
            asks_state="state" in asked.silent.values() and not topics,
            sure=bool(topics) and proved and least >= LEAST[Tier.POSSIBLE],
            confidence=round(least, 3),
            carriers=silent.carriers,
            ids=silent.ids,
            lang=silent.lang,
            clauses=tuple(self._clauses),
        )

    def accepts(self, topic: str, tier: Tier, clause: Clause) -> bool:
        """The veto: a proposal must be probable enough for what its rule proves."""
        return self._chance(topic, clause) >= (LEAST[Tier.POSSIBLE] if self._odd else LEAST[tier])

    def doubts(self, topic: str, clause: Clause) -> bool:
        """Improbable, though not refused."""
        return self._chance(topic, clause) < DOUBTFUL

    def certain(self, topic: str, clause: Clause) -> bool:
        """As good as certain."""
        return self._chance(topic, clause) >= CERTAIN

    def _chance(self, topic: str, clause: Clause) -> float:
        """How probable a topic is; with several clauses each may speak for itself."""
        whole = self._whole.of(topic)
        if whole >= CERTAIN or len(self._clauses) == 1:
            return whole
        return max(whole, self._weighed(clause).of(topic))

    def _asked(self, asked: Asked) -> float:
        """Is it a question at all? In a story the clause that asks may say so better than the whole."""
        own = (self._weighed(self._clauses[at]).asked for at in asked.questions if len(self._clauses) > 1)
        return max(self._whole.asked, max(own, default=0.0))

    def _weighed(self, clause: Clause) -> Weighed:
        if clause.text not in self._by_clause:
            self._by_clause[clause.text] = model().weigh(features(clause.text, self._words))
        return self._by_clause[clause.text]

    def _from_cues(self, asked: Asked) -> tuple[list[str], list[str]]:
        """The one topic that a cue allows and the model is sure of; else what may be offered as a choice."""
        cued = set(possible(self._text, self._words))
        best = self._whole.best(sorted(cued))
        if best and best[1] >= LEAST[Tier.POSSIBLE] and self._whole.asked >= LEAST_ASKED_POSSIBLE:
            return [best[0]], []
        if self._whole.asked < LEAST_ASKED:
            return [], []
        maybe = sorted(cued | set(asked.refused), key=lambda topic: (-self._whole.of(topic), topic))
        return [], [topic for topic in maybe if self._whole.of(topic) >= LEAST_GUESS][:MOST_GUESSES]

    def _given(self) -> dict[int, str]:
        """Topics of the clauses that hold a phrase of the operator's; one spread over clauses counts for the last."""
        if not self._phrases:
            return {}
        asks = [at for at, clause in enumerate(self._clauses) if clause.manner not in {Manner.TELLS, Manner.ORDERS}]
        given = {at: topic for at in asks if (topic := _phrase_in(self._clauses[at].text, self._phrases))}
        spread = _phrase_in(self._text, self._phrases)
        if not given and spread and len(asks) == len(self._clauses):
            given[asks[-1]] = spread
        return given


def _carriers(text: str, words: Lexicon) -> tuple[str, ...]:
    found = {code: match.start() for code, names in words.carriers.items() if (match := names.search(text))}
    return tuple(sorted(found, key=lambda code: found[code]))


def _phrases(extra: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Squeezed phrase to topic, the longest first."""
    pairs = [(_squeezed(tidy(phrase).text), topic) for topic, phrases in extra.items() for phrase in phrases]
    return dict(sorted((pair for pair in pairs if len(pair[0]) >= SHORTEST_PHRASE), key=lambda pair: -len(pair[0])))


def _phrase_in(text: str, phrases: Mapping[str, str]) -> str | None:
    """The topic of the longest phrase that the text holds, spaces and marks apart."""
    squeezed = _squeezed(text) if phrases else ""
    return next((topic for phrase, topic in phrases.items() if phrase in squeezed), None)


def _squeezed(text: str) -> str:
    return _LOOSE.sub("", text)


def _listed(text: str, words: Lexicon) -> list[str]:
    """The topics of a bare enumeration: 拦截的条件、快递、价格都说一下."""
    if "、" not in text:
        return []
    edge, joint = words.gate["list_edge"], words.gate["list_joint"]
    parts = [edge.sub("", part) for part in joint.split(text)]
    found = [words.heads[part] for part in parts if part in words.heads]
    return list(dict.fromkeys(found)) if len(found) == len(parts) > 1 else []
