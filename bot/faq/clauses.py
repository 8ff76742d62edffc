"""Clauses: a message cut into the questions it asks, each with the setting the others give it.

A clause without a question of its own (在派件了) is setting for those that ask (拦的话几块, 还行吗).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.faq.gate import Manner, manner
from bot.faq.lexicon import Lexicon

_HARD = re.compile(r"[。!;\n…~]+|(?<=\?)")
_SOFT = re.compile(r"[,、|/]+| +")
_SOFT_LATIN = re.compile(r"[,、|;.]+| and (?=how|what|which|who|where|when|why|is|are|can|do|does|will)")
_FINAL = re.compile(
    r"(?:多少(?:钱|费)?|几(?:块|元)钱?|多久|吗|么(?<!什么)(?<!怎么)|要不要钱|收不收费?|行不行|能不能拦|可不可以拦截?|什么意思|是(?:什么|啥)(?!意思|东西|条件|时候))"
    r"(?:一(?:个|单|件|票|次))?"
    r"(?=(?:怎么|如何|从哪|在哪|谁|失败|多久|能不能|能开|可以开|支持|哪|要不要|有(?:什么|啥)|几|多少|拦不|没拦|退不退|收不收|收费|要钱))"
)
_AFTER_HOW = re.compile(
    r"(?:怎么|如何|在哪里?|从哪里?|哪里|去哪)[^怎如哪 ]{1,5}?(?=(?:怎么|如何|在哪|从哪|哪里|去哪|多少钱|多久|收费吗|要钱吗))"
)
_MOST = 24
"""Clauses of one message that are read."""


@dataclass(frozen=True)
class Clause:
    """One thing said, and what it does; `setting` is what the clauses around it say without asking."""

    text: str
    manner: Manner
    setting: str = ""


def cut(text: str, lexicon: Lexicon, *, marked: bool = False) -> list[Clause]:
    """Cut a tidied message into clauses; when none asks, the whole message is one clause.

    `marked`: a picture or a file came with it, so that bare words are its name and no question.
    """
    pieces = [piece for piece in _pieces(text, lexicon) if piece][:_MOST]
    dear = lexicon.gate.has("dear", text)
    manners = [manner(piece, lexicon, dear=dear) for piece in pieces]
    if Manner.ASKS not in manners:
        return [_unasked(text, pieces, manners, lexicon, marked=marked or dear)]
    return [Clause(piece, kind) for piece, kind in zip(pieces, manners, strict=True)]


def _unasked(
    text: str, pieces: list[str], manners: list[Manner], lexicon: Lexicon, *, marked: bool
) -> Clause:
    whole = " ".join(pieces)
    if Manner.TROUBLE in manners:
        trouble = [piece for piece, kind in zip(pieces, manners, strict=True) if kind is Manner.TROUBLE]
        return Clause(" ".join(trouble), Manner.TROUBLE, whole)
    if Manner.ORDERS in manners or marked:
        return Clause(whole, Manner.ORDERS)
    if is_keywords(text, pieces, lexicon) and (Manner.TELLS not in manners or _looked_up(text, lexicon)):
        return Clause(whole, Manner.ASKS)
    return Clause(whole, Manner.TELLS if Manner.TELLS in manners else Manner.PLAIN)


def _looked_up(text: str, lexicon: Lexicon) -> bool:
    return lexicon.gate.has("looked_up", text) and not lexicon.gate.has("not_looked_up", text)


def is_keywords(text: str, pieces: list[str], lexicon: Lexicon) -> bool:
    """A string of search words, such as 拦截费 中通: short, no predicate, nothing unknown in it."""
    if len(text) > (70 if _latin(text) else 18):
        return False
    if len(pieces) == 1 and lexicon.gate.has("predicate", text):
        return False
    return not lexicon.gate.has("sentence", text) and max(map(len, pieces)) <= (70 if _latin(text) else 12)


def _pieces(text: str, lexicon: Lexicon) -> list[str]:
    found: list[str] = []
    for part in _HARD.split(text):
        if not part:
            continue
        soft = _SOFT_LATIN if _latin(part) else _SOFT
        for piece in soft.split(part):
            for clause in _further(piece.strip(), lexicon):
                bare = lexicon.gate["polite"].sub("", clause).strip(" ,。!~")
                if bare:
                    found.append(bare)
    return found


def _latin(text: str) -> bool:
    """Mostly Latin letters: a space is no pause."""
    letters = sum(char.isascii() and char.isalpha() for char in text)
    return letters > sum("一" <= char <= "鿿" for char in text)


def _further(piece: str, lexicon: Lexicon) -> list[str]:
    """Several questions without anything between them: 拦截多少钱多久有结果."""
    out = []
    for part in lexicon.gate["joins"].split(piece):
        rest = part.strip()
        while (found := _FINAL.search(rest) or _AFTER_HOW.search(rest)) is not None and found.end() < len(rest):
            out.append(rest[: found.end()])
            rest = rest[found.end() :]
        out.append(rest)
    return [part for part in out if part]
