"""The least probabilities at which a topic is answered, a menu offered, a reading called sure.

Chosen on speakers whom the weights had not seen (`faq_training/cross.py`): each stands where the wrong and the false
answers have nearly stopped falling and the right ones begin to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.faq.topics import Tier


@dataclass(frozen=True, slots=True)
class Bar:
    """A least probability: where the words are the usual ones, and where something odd stands beside the act or
    the act itself is missing.
    """

    usual: float
    odd: float

    def of(self, *, usual: bool) -> float:
        """The one that holds."""
        return self.usual if usual else self.odd


LEAST_ASKED = Bar(0.5, 0.6)
"""Below this probability of being a question at all, no rule is listened to."""

LEAST_ASKED_ALONE = Bar(0.95, 0.7)
"""The same where the judge speaks without a rule."""

CLAUSE_SHARE = 0.3
"""How much the best clause says about whether the message asks, against the whole."""

LEAST: Mapping[Tier, float] = {Tier.SURE: 0.25, Tier.LIKELY: 0.25, Tier.TOLD: 0.3, Tier.POSSIBLE: 0.5}
"""Least probability of a topic that a rule proposes, by what the rule proves by itself."""

LEAST_BEST, LEAST_ALONE = 0.15, 0.85
"""The same without a rule: of the likeliest topic, and of any further one."""

LEAST_FURTHER = 0.25
"""Least probability of any topic besides the likeliest, in whichever clause."""

PLAINLY_ASKED, LEAST_PLAIN, TWICE = 0.95, 0.15, 2.0
"""Where it is plain that something is asked, the likeliest topic needs less if it is twice as likely as the next, and
so does one that a sure rule proposes.
"""

LEAST_TOGETHER, FOR_A_RULE = 0.8, 0.15
"""Of two topics that one clause speaks for the lesser needs the first; a rule's topic is worth the second more."""

DOUBTFUL, CERTAIN = 0.35, 0.8
"""Below the first a topic gives way to a later proposal that is above the second."""

SURE_ASKED, SURE_TOPIC = 0.9, 0.6
"""Where customers read, only what is at least so probable is said."""
