"""What one message asks: its clauses one by one, each understood from what stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.faq.clauses import Clause
from bot.faq.gate import Manner
from bot.faq.lexicon import Lexicon
from bot.faq.topics import Tier, proposals


class Veto(Protocol):
    """Refuses topics that rules propose."""

    def accepts(self, topic: str, tier: Tier) -> bool:
        """May this topic, proposed by a rule of this tier, be answered?"""
        ...

    def doubts(self, topic: str) -> bool:
        """Is it so improbable that a rival which is certain should be answered instead?"""
        ...

    def certain(self, topic: str) -> bool:
        """Is it as good as certain?"""
        ...


NEVER_JOINED = frozenset({"orders", "no_fact", "state"})
BRIEF = 5
"""A clause of so few characters speaks of what the clause before it asked (拦截费是快递定的吗 谁收)."""


class Asked:
    """The topics of one message. `given` are topics already known for a clause, by its place."""

    def __init__(
        self, clauses: list[Clause], lexicon: Lexicon, veto: Veto, given: Mapping[int, str] | None = None
    ) -> None:
        self._clauses = clauses
        self._lexicon = lexicon
        self._veto = veto
        self._given = dict(given or {})
        self.refused: dict[str, None] = {}
        self.tiers: dict[str, Tier] = {}
        self.silent = {at: why for at, clause in enumerate(clauses) if (why := self._why_silent(clause))}
        self._own = [self._alone(at, clause) for at, clause in enumerate(clauses)]

    @property
    def questions(self) -> list[int]:
        """Places of the clauses that ask something we may answer."""
        return [at for at, clause in enumerate(self._clauses) if clause.manner is Manner.ASKS and at not in self.silent]

    def topics(self) -> list[str]:
        """Topic ids in the order in which they are asked, each once."""
        found: dict[str, None] = {}
        asking = self.questions
        vague = [at for at in asking if self._lexicon.gate.has("vague", self._clauses[at].text)]
        for at, clause in enumerate(self._clauses):
            topic = self._own[at]
            if at in asking and at not in vague and at not in self._given:
                topic = self._among(at, clause, first=not found)
            if topic is not None:
                found[topic] = None
        for at in [*vague, *asking] if not found else []:
            topic = self._with_neighbours(at)
            if topic is not None:
                return [topic]
        return list(found)

    def _why_silent(self, clause: Clause) -> str:
        """Why a clause is no question to answer, or nothing."""
        gate = self._lexicon.gate
        if clause.manner is Manner.TELLS or clause.manner is Manner.ORDERS:
            return str(clause.manner.value)
        if gate.has("state", clause.text) and not gate.has("not_state", clause.text):
            return "state"
        return "no_fact" if gate.has("no_fact", clause.text) else ""

    def _alone(self, at: int, clause: Clause) -> str | None:
        if at in self._given:
            return self._given[at]
        if at in self.silent or self._lexicon.gate.has("vague", clause.text):
            return None
        return self._topic_of(clause)

    def _topic_of(self, clause: Clause) -> str | None:
        """The first topic proposed that is accepted, unless it is doubtful and a later one is certain."""
        doubtful: tuple[str, Tier] | None = None
        for topic, tier in proposals(clause, self._lexicon):
            if not self._veto.accepts(topic, tier):
                self.refused[topic] = None
            elif doubtful is None and self._veto.doubts(topic):
                doubtful = topic, tier
            elif doubtful is None or self._veto.certain(topic):
                return self._taken(topic, tier)
        return None if doubtful is None else self._taken(*doubtful)

    def _taken(self, topic: str, tier: Tier) -> str:
        self.tiers[topic] = tier
        return topic

    def _among(self, at: int, clause: Clause, *, first: bool) -> str | None:
        """The topic of an asking clause within its setting."""
        holds_act = self._lexicon.words.has("act", clause.text)
        bare = len(self._lexicon.gate["bare"].sub("", clause.text)) <= 1
        if first and bare and not holds_act:
            topic = self._with_neighbours(at)
            if topic is not None:
                return topic
        brief = len(clause.text) <= BRIEF and not holds_act and self._own[at] is None
        others = [
            other.text
            for place, other in enumerate(self._clauses)
            if place != at
            and (self._own[place] is None or other.manner is not Manner.ASKS or (brief and place < at))
            and self.silent.get(place) not in {"orders", "no_fact"}
        ]
        setting = " ".join([clause.setting, *others]).strip()
        return self._topic_of(Clause(clause.text, clause.manner, setting))

    def _with_neighbours(self, at: int) -> str | None:
        """The topic of a clause joined with the one or two before it, or with the one after it."""
        near = [place for place in (at - 2, at - 1) if place >= 0 and self._joinable(place)]
        if not near and at + 1 < len(self._clauses) and self._joinable(at + 1):
            near = [at + 1]
        if not near:
            return None
        words = " ".join(self._clauses[place].text for place in sorted([*near, at]))
        return self._topic_of(Clause(words, self._clauses[at].manner))

    def _joinable(self, place: int) -> bool:
        return self.silent.get(place) not in NEVER_JOINED and (
            self._own[place] is None or self._clauses[place].manner is not Manner.ASKS
        )
