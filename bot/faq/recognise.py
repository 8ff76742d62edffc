"""What a chat message asks about interception: topic ids in order, or silence (`README.md` says how).

Silence is the default: a wrong automatic answer is worse than none. Standard library only; nothing raises, whatever
the text, and the time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.faq.asked import Asked
from bot.faq.bars import (
    CERTAIN,
    CLAUSE_SHARE,
    DOUBTFUL,
    FOR_A_RULE,
    LEAST,
    LEAST_ALONE,
    LEAST_ASKED,
    LEAST_ASKED_ALONE,
    LEAST_BEST,
    LEAST_FURTHER,
    LEAST_PLAIN,
    LEAST_TOGETHER,
    PLAINLY_ASKED,
    SURE_ASKED,
    SURE_TOPIC,
    TWICE,
)
from bot.faq.clauses import Clause, cut
from bot.faq.concepts import concepts
from bot.faq.gate import Manner, blanked, meant, odd
from bot.faq.judge import Model, Weighed, asked_in_all, features, model
from bot.faq.lexicon import Lexicon, lexicon
from bot.faq.tidy import Tidied, tidy
from bot.faq.topics import Tier

MOST_GUESSES = 3
LEAST_GUESS = 0.05
LEAST_GUESSED = 0.15
SILENT_FOR_GOOD = frozenset({"orders", "no_fact", "state"})
ACT = "拦截"
TOO_BRIEF = 3
"""A clause of so few characters says nothing by itself (怎么开)."""
STOPPING = frozenset({"stop", "turnback", "success", "fail", "midway", "result"})
"""Concepts of which one at least is named where no usual word of the act is."""
SHORTEST_PHRASE = 2
NO_PHRASES: Mapping[str, Sequence[str]] = {}

_STOPS = re.compile(
    r"[拦截]|intercept|\bstop|[叫喊追召拉][得不]?(?:回|住|停)"
    r"|\b(?:pull|call|bring|turn|get|send)\w*\b[\w ]{1,20}\bback\b"
)
_LOOSE = re.compile(r"[^0-9a-z一-鿿]+")


@dataclass(frozen=True)
class Reading:
    """How one message was understood.

    `topics` in the order asked, empty for silence; `sure` when each rests on a rule that proves it and the model
    agrees; `guesses` are the likeliest topics of a question that passed the gate and is not answered; `asks_state`:
    it asks how one interception stands (`ids` says which, if named); `unanswered`: it asks about interception what
    no topic answers, with guesses or without. `carriers` are the codes of those named,
    `ids` the numbers of parcels, orders or after-sales, upper case; `lang` is 'zh' or 'en'; `confidence` is the
    model's, 0 to 1, for the least certain topic; `why` says in a few words what each topic rests on.
    """

    topics: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    asks_state: bool = False
    unanswered: bool = False
    sure: bool = False
    confidence: float = 0.0
    carriers: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    lang: str = "zh"
    clauses: tuple[Clause, ...] = ()
    why: tuple[str, ...] = field(default=(), compare=False)


def recognise(text: str, extra: Mapping[str, Sequence[str]] = NO_PHRASES) -> list[str]:
    """The topics that the message asks about, in order; empty for silence. `extra` as for `read`."""
    return list(read(text, extra).topics)


def read(text: str, extra: Mapping[str, Sequence[str]] = NO_PHRASES, judge: Model | None = None) -> Reading:
    """Understand one message. `extra` holds further phrases by topic, which the shop's operator added:
    a clause that contains one asks about its topic, whatever the rules say. `judge`: other weights than those shipped.
    """
    words = lexicon()
    tidied = tidy(text)
    silent = Reading(carriers=_carriers(tidied.text, words), ids=tidied.ids, lang=tidied.language)
    if tidied.only_marks or tidied.text.startswith("/"):
        return silent
    phrases = _phrases(extra)
    if not (meant(tidied.text, words) or _may_mean(tidied.text) or _phrase_in(tidied.text, phrases)):
        return silent
    return _Reader(tidied, words, phrases, judge or model()).reading(silent)


def _may_mean(text: str) -> bool:
    """Does it name the stopping or turning round of something, by any word?"""
    return _STOPS.search(text) is not None or any(one.concept in STOPPING for one in concepts().mentions(text))


class _Reader:
    """Reads one message: rules propose, the judge weighs, and where it is certain it proposes as well."""

    def __init__(self, tidied: Tidied, words: Lexicon, phrases: Mapping[str, str], judge: Model) -> None:
        self._words = words
        self._text = blanked(tidied.text, words)
        self._phrases = phrases
        self._judge = judge
        self._meant = meant(tidied.text, words)
        self._usual = self._meant and not odd(tidied.text, words)
        self._clauses = cut(self._text, words, marked=tidied.marked)
        self._whole = judge.weigh(features(tidied.text, words))
        self._each = self._weigh_clauses()
        self._chances = {topic.id: self._chance(topic.id) for topic in words.topics}
        self._asked = self._is_asked()

    def reading(self, silent: Reading) -> Reading:
        """The topics that the judge lets pass, in the order in which they are asked."""
        given = self._given()
        asked = Asked(self._clauses, self._words, self, given)
        by_rule = asked.topics() if self._asked >= LEAST_ASKED.of(usual=self._usual) else list(given.values())
        by_rule = [*_listed(self._text, self._words), *by_rule]
        by_judge = self._certain_ones() if self._asked >= LEAST_ASKED_ALONE.of(usual=self._usual) else []
        topics = self._one_a_clause(list(dict.fromkeys([*by_rule, *by_judge])), by_rule, given)
        may_guess = not topics and self._usual and (asked.questions or self._clauses[0].manner is Manner.TROUBLE)
        least = min((self._chances[topic] for topic in topics), default=0.0)
        return Reading(
            topics=tuple(topics),
            guesses=self._guesses(asked) if may_guess else (),
            asks_state="state" in asked.silent.values() and not topics,
            unanswered=bool(may_guess) or (self._meant and not topics and "no_fact" in asked.silent.values()),
            sure=bool(topics) and self._asked >= SURE_ASKED and least >= SURE_TOPIC,
            confidence=round(min(least, self._asked) if topics else 0.0, 3),
            carriers=silent.carriers,
            ids=silent.ids,
            lang=silent.lang,
            clauses=tuple(self._clauses),
            why=tuple(self._why(topics, by_rule)),
        )

    def accepts(self, topic: str, tier: Tier) -> bool:
        """The veto: a proposal must be probable enough for what its rule proves."""
        plain = tier is Tier.SURE and self._asked >= PLAINLY_ASKED
        return self._chances[topic] >= (LEAST_PLAIN if plain else LEAST[tier])

    def doubts(self, topic: str) -> bool:
        """Improbable, though not refused."""
        return self._chances[topic] < DOUBTFUL

    def certain(self, topic: str) -> bool:
        """As good as certain."""
        return self._chances[topic] >= CERTAIN

    def _weigh_clauses(self) -> list[Weighed | None]:
        """Each clause weighed by itself, with the act in it; none for what tells or orders, or for a single clause."""
        if len(self._clauses) == 1:
            return [None]
        return [
            None if clause.manner in {Manner.TELLS, Manner.ORDERS} else self._judge.weigh(self._seen(at))
            for at, clause in enumerate(self._clauses)
        ]

    def _seen(self, at: int) -> set[str]:
        """A clause as the judge sees it: with the act, and a very short one with the clause before it."""
        text = self._clauses[at].text
        if not self._words.words.has("act", text):
            brief = at > 0 and len(text.rstrip("?! ")) <= TOO_BRIEF
            text = f"{self._clauses[at - 1].text} {text}" if brief else f"{ACT} {text}"
        return features(text, self._words)

    def _chance(self, topic: str) -> float:
        """How probable a topic is: of the whole message, or of one clause as far as that asks."""
        own = (one.of(topic) * min(1.0, 2 * one.asked) for one in self._each if one is not None)
        return max(self._whole.of(topic), max(own, default=0.0))

    def _is_asked(self) -> float:
        """Is it a question at all? In a story the clause that asks may say so better than the whole."""
        best = max((one.asked for one in self._each if one is not None), default=0.0)
        told = max(self._whole.asked, CLAUSE_SHARE * best + (1 - CLAUSE_SHARE) * self._whole.asked)
        return asked_in_all(told, max(self._chances.values()), len(self._text))

    def _certain_ones(self) -> list[str]:
        """The topics that the judge proposes by itself, the likeliest first; at least the best if it is not absurd."""
        best, second, *rest = sorted(self._chances, key=lambda topic: -self._chances[topic])
        chance = self._chances[best]
        plain = self._asked >= PLAINLY_ASKED and chance >= max(LEAST_PLAIN, TWICE * self._chances[second])
        if chance < LEAST_BEST and not plain:
            return []
        return [best, *(topic for topic in (second, *rest) if self._chances[topic] >= LEAST_ALONE)]

    def _one_a_clause(self, topics: list[str], by_rule: list[str], given: Mapping[int, str]) -> list[str]:
        """In the order of the clauses that speak for them; of one clause only the best, unless others are certain."""
        fixed = {topic: at for at, topic in given.items()} | dict.fromkeys(_listed(self._text, self._words), -1)
        places: dict[int, list[str]] = {}
        for topic in topics:
            chances = [one.of(topic) if one is not None else 0.0 for one in self._each]
            places.setdefault(fixed.get(topic, chances.index(max(chances))), []).append(topic)

        def worth(topic: str) -> float:
            return self._chances[topic] + (FOR_A_RULE if topic in by_rule else 0)

        kept = []
        for _, here in sorted(places.items()):
            decided = [topic for topic in here if topic in fixed]
            if decided:
                kept += decided
                continue
            best = max(here, key=worth)
            kept += [topic for topic in here if topic == best or self._chances[topic] >= LEAST_TOGETHER]
        top = max(kept, key=worth, default="")
        further = [topic for topic in kept if topic in (top, *fixed) or self._chances[topic] >= LEAST_FURTHER]
        return [topic for topic in further if topic in fixed or not self._gives_way(topic, further)]

    def _gives_way(self, topic: str, beside: list[str]) -> bool:
        """Is it only half said beside a topic that the same word may mean (权限怎么开, 发票怎么开)?"""
        rule = self._words.gives_way.get(topic)
        return rule is not None and bool(rule.to & set(beside)) and not self._words.words.has(rule.unless, self._text)

    def _guesses(self, asked: Asked) -> tuple[str, ...]:
        """What may be offered as a choice: a question that passed the gate and is not answered."""
        if self._asked < LEAST_GUESSED or set(asked.silent.values()) & SILENT_FOR_GOOD:
            return ()
        ranked = sorted(self._chances, key=lambda topic: -self._chances[topic])
        return tuple(topic for topic in ranked if self._chances[topic] >= LEAST_GUESS)[:MOST_GUESSES]

    def _why(self, topics: Sequence[str], by_rule: Sequence[str]) -> Iterator[str]:
        yield f"asked {self._asked:.2f}"
        for topic in topics:
            yield f"{topic} {self._chances[topic]:.2f} by {'rule' if topic in by_rule else 'judge'}"

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
    pairs = [(plain_phrase(phrase), topic) for topic, phrases in extra.items() for phrase in phrases]
    return dict(sorted((pair for pair in pairs if len(pair[0]) >= SHORTEST_PHRASE), key=lambda pair: -len(pair[0])))


@lru_cache(maxsize=4096)  # every message is compared with every phrase of its shop
def plain_phrase(phrase: str) -> str:
    """What of a phrase is looked for: tidied, without blanks and marks; of fewer than two characters nothing is."""
    return _squeezed(tidy(phrase).text)


def _phrase_in(text: str, phrases: Mapping[str, str]) -> str | None:
    """The topic of the longest phrase that the text holds, spaces and marks apart."""
    squeezed = _squeezed(text) if phrases else ""
    return next((topic for phrase, topic in phrases.items() if phrase in squeezed), None)


def holds(text: str, phrase: str) -> bool:
    """Does the message hold a phrase of the operator's, spaces and marks apart?"""
    return _phrase_in(tidy(text).text, _phrases({"": (phrase,)})) is not None


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
