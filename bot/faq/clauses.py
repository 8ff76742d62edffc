"""Clauses: a message cut into the questions it asks.

A clause without a question of its own (在派件了) is the setting of those that ask (拦的话几块, 还行吗).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.faq.gate import Manner, manner
from bot.faq.lexicon import Lexicon

MOST = 24
"""Clauses of one message that are read."""

LONGEST_SEARCH, LONGEST_SEARCH_EN = 18, 70
LONGEST_WORD, LONGEST_WORD_EN = 12, 70
"""Characters of a string of search words, and of one of its pieces."""

_HARD = re.compile(r"[。!;\n…~]+|(?<=\?)")
_SOFT = re.compile(r"[,、|/]+| +")
_SOFT_LATIN = re.compile(r"[,、|;.]+| and (?=how|what|which|who|where|when|why|is|are|can|do|does|will)")


_ASKING_START = re.compile(r"^[^ ]{0,6}(?:请问|请教|问一?[下问]|咨询)")


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
    pieces = _pieces(text, lexicon)[:MOST]
    dear = lexicon.gate.has("dear", text)
    manners = [manner(piece, lexicon, dear=dear) for piece in pieces]
    if Manner.ASKS not in manners:
        return [_unasked(text, pieces, manners, lexicon, marked=marked or dear)]
    return [Clause(piece, kind) for piece, kind in zip(pieces, manners, strict=True)]


def _unasked(text: str, pieces: list[str], manners: list[Manner], lexicon: Lexicon, *, marked: bool) -> Clause:
    whole = " ".join(pieces)
    if Manner.TROUBLE in manners:
        trouble = [piece for piece, kind in zip(pieces, manners, strict=True) if kind is Manner.TROUBLE]
        return Clause(" ".join(trouble), Manner.TROUBLE, whole)
    if Manner.ORDERS in manners or marked:
        return Clause(whole, Manner.ORDERS)
    tells = Manner.TELLS in manners
    if _is_search(text, pieces, lexicon) and (not tells or _looked_up(text, lexicon)):
        return Clause(whole, Manner.ASKS)
    return Clause(whole, Manner.TELLS if tells else Manner.PLAIN)


def _looked_up(text: str, lexicon: Lexicon) -> bool:
    return lexicon.gate.has("looked_up", text) and not lexicon.gate.has("not_looked_up", text)


def _is_search(text: str, pieces: list[str], lexicon: Lexicon) -> bool:
    """A string of search words, such as 拦截费 中通: short, and no sentence."""
    latin = _latin(text)
    if len(text) > (LONGEST_SEARCH_EN if latin else LONGEST_SEARCH) or lexicon.gate.has("sentence", text):
        return False
    if len(pieces) == 1 and lexicon.gate.has("predicate", text):
        return False
    return max(map(len, pieces), default=0) <= (LONGEST_WORD_EN if latin else LONGEST_WORD)


def _pieces(text: str, lexicon: Lexicon) -> list[str]:
    found: list[str] = []
    for part in filter(None, _HARD.split(text)):
        soft = _SOFT_LATIN if _latin(part) else _SOFT
        for piece in soft.split(part):
            for clause in _further(piece.strip(), lexicon):
                bare = lexicon.gate["polite"].sub("", clause).strip(" ,。!~")
                if bare:
                    asks = _ASKING_START.match(clause) is not None and clause != bare
                    found.append(bare + "?" if asks and not bare.endswith("?") else bare)
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
        while (found := lexicon.gate["final"].search(rest)) is not None and found.end() < len(rest):
            out.append(rest[: found.end()])
            rest = rest[found.end() :]
        out.append(rest)
    return [part for part in out if part]
