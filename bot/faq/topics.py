"""Topics: which rules of `topics.toml` fit a clause, in order of precedence."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from bot.faq.clauses import Clause
from bot.faq.gate import Manner
from bot.faq.lexicon import Lexicon, Rule


class Tier(Enum):
    """How much a rule proves by itself."""

    SURE = "sure"
    LIKELY = "likely"
    TOLD = "told"
    POSSIBLE = "possible"


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


def proposals(clause: Clause, lexicon: Lexicon) -> Iterator[tuple[str, Tier]]:
    """The topics that rules propose for a clause, the best first; lazily, since the first mostly stands."""
    bag = Bag(clause, lexicon)
    tiers = (Tier.SURE, Tier.LIKELY) if clause.manner is Manner.ASKS else (Tier.TOLD,)
    for tier in tiers:
        for topic in lexicon.topics:
            if any(map(bag.fits, topic.rules[tier.value])):
                yield topic.id, tier


def possible(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The topics of which the text holds at least one cue: far too many, for a model to choose from."""
    bag = Bag(Clause(text, Manner.ASKS), lexicon)
    for topic in lexicon.topics:
        if any(map(bag.fits, topic.rules[Tier.POSSIBLE.value])):
            yield topic.id
