"""What a chat message asks about: topic ids in order, or silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.faq.clauses import Clause, cut
from bot.faq.gate import Manner, blanked, meant
from bot.faq.lexicon import Lexicon, lexicon
from bot.faq.tidy import Tidied, tidy
from bot.faq.topics import Asked


@dataclass(frozen=True)
class Reading:
    topics: tuple[str, ...]
    clauses: tuple[Clause, ...] = ()
    why: str = ""


def recognise(text: str) -> list[str]:
    return list(read(text).topics)


import re
def listed(text, lex):
    """拦截的条件、快递、价格都说一下"""
    if "、" not in text: return []
    parts=[re.sub(r"^.{0,6}拦截?的?|(?:都|分别|麻烦|请)?(?:说|讲|介绍|发|问|告诉).{0,4}$|(?:是|有)?(?:什么|哪些|多少|怎样|怎么样|吗)$|[?。 ]","",p) for p in re.split(r"、|和|以及|还有|跟",text)]
    found=[lex.heads.get(p) for p in parts]
    if all(found) and len(found)>1: return list(dict.fromkeys(found))
    return []


def read(text: str) -> Reading:
    lex = lexicon()
    t = tidy(text)
    if t.only_marks or t.text.startswith("/"):
        return Reading((), why="marks")
    if not meant(t.text, lex):
        return Reading((), why="not meant")
    plain = blanked(t.text, lex)
    cl = cut(plain, lex, marked=t.marked)
    asked = Asked(cl, lex)
    topics = list(dict.fromkeys(listed(plain, lex) + asked.topics()))
    return Reading(tuple(topics), tuple(cl), ",".join(asked.silent.values()))
