"""Topics: the first topic, in order of precedence, with a rule that fits a clause."""

from __future__ import annotations

from collections.abc import Iterable

from bot.faq.clauses import Clause
from bot.faq.gate import Manner
from bot.faq.lexicon import Lexicon, Rule


class Bag:
    """Which word classes a clause and its setting hold; each is looked for once, when a rule asks."""

    def __init__(self, clause: Clause, lexicon: Lexicon) -> None:
        self._clause = clause
        self._words = lexicon.words
        self._own: dict[str, bool] = {}
        self._around: dict[str, bool] = {}

    def has(self, name: str, *, setting: bool = False) -> bool:
        """Is the class in the clause, or with `setting` in the clause or its setting?"""
        own = self._own.get(name)
        if own is None:
            own = self._own[name] = self._words.has(name, self._clause.text)
        if own or not setting or not self._clause.setting:
            return own
        around = self._around.get(name)
        if around is None:
            around = self._around[name] = self._words.has(name, self._clause.setting)
        return around

    def fits(self, rule: Rule) -> bool:
        """Do all conditions of the rule hold?"""
        for term in rule:
            if any(self.has(name, setting=setting) for name, setting in term.names) is term.absent:
                return False
        return True


def topic_of(clause: Clause, lexicon: Lexicon) -> str | None:
    """The topic a clause asks about, or None: the first with a sure rule, else the first with a likely one."""
    bag = Bag(clause, lexicon)
    if clause.manner is not Manner.ASKS:
        return _first(bag, ((topic.id, topic.told) for topic in lexicon.topics))
    return _first(bag, ((topic.id, topic.sure) for topic in lexicon.topics)) or _first(
        bag, ((topic.id, topic.likely) for topic in lexicon.topics)
    )


def _first(bag: Bag, rules_by_topic: Iterable[tuple[str, tuple[Rule, ...]]]) -> str | None:
    for topic_id, rules in rules_by_topic:
        if any(map(bag.fits, rules)):
            return topic_id
    return None


class Asked:
    """The topics of one message, clause by clause, each understood from what stands around it."""

    def __init__(self, clauses: list[Clause], lexicon: Lexicon) -> None:
        self._clauses = clauses
        self._lexicon = lexicon
        self.silent: dict[int, str] = {}
        self.states = False
        self._own = [self._alone(at, clause) for at, clause in enumerate(clauses)]

    def topics(self) -> list[str]:
        """Topic ids in the order in which they are asked, each once."""
        found: dict[str, None] = {}
        asking = [at for at, clause in enumerate(self._clauses) if clause.manner is Manner.ASKS and at not in self.silent]
        vague = [at for at in asking if self._lexicon.gate.has("vague", self._clauses[at].text)]
        for at, clause in enumerate(self._clauses):
            topic = self._own[at]
            if at in asking and at not in vague:
                topic = self._among(at, clause, first=not found)
            if topic is not None:
                found[topic] = None
        for at in [*vague, *asking] if not found else []:
            topic = self._with_neighbours(at)
            if topic is not None:
                return [topic]
        return list(found)

    def _alone(self, at: int, clause: Clause) -> str | None:
        """The topic of a clause by itself; notes why a clause is no question to answer."""
        gate = self._lexicon.gate
        if clause.manner in {Manner.TELLS, Manner.ORDERS}:
            self.silent[at] = clause.manner.value
        elif gate.has("state", clause.text) and not gate.has("not_state", clause.text):
            self.silent[at] = "state"
            self.states = True
        elif gate.has("no_fact", clause.text):
            self.silent[at] = "no_fact"
        elif not gate.has("vague", clause.text):
            return topic_of(clause, self._lexicon)
        return None

    def _among(self, at: int, clause: Clause, *, first: bool) -> str | None:
        """The topic of an asking clause within its setting."""
        bare = len(self._lexicon.gate["bare"].sub("", clause.text)) <= 1
        if first and bare and not self._lexicon.words.has("act", clause.text):
            topic = self._with_neighbours(at)
            if topic is not None:
                return topic
        brief = len(clause.text) <= 5 and not self._lexicon.words.has("act", clause.text)
        others = [
            other.text
            for place, other in enumerate(self._clauses)
            if place != at
            and (self._own[place] is None or other.manner is not Manner.ASKS or (brief and place < at))
            and self.silent.get(place) not in {"orders", "no_fact"}
        ]
        setting = " ".join([clause.setting, *others]).strip()
        return topic_of(Clause(clause.text, clause.manner, setting), self._lexicon)

    def _with_neighbours(self, at: int) -> str | None:
        """The topic of a clause joined with the one or two before it, or with the one after it."""
        near = [place for place in (at - 2, at - 1) if place >= 0 and self._joinable(place)]
        if not near and at + 1 < len(self._clauses) and self._joinable(at + 1):
            near = [at + 1]
        if not near:
            return None
        words = " ".join(self._clauses[place].text for place in sorted([*near, at]))
        return topic_of(Clause(words, self._clauses[at].manner), self._lexicon)

    def _joinable(self, place: int) -> bool:
        return self.silent.get(place) not in {"orders", "no_fact", "state"} and (
            self._own[place] is None or self._clauses[place].manner is not Manner.ASKS
        )
