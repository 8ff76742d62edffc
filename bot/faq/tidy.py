"""Tidy: one chat message as typed becomes plain, simplified, correctly spelt text.

Nothing is understood here. Full width becomes half width, traditional becomes simplified, the words that
matter are spelt right (`spelling.toml`), numbers of parcels and after-sales, links, mentions and picture
markers are taken out and remembered. Every step is linear in the length of the message.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ID_MARK = "№"
"""Stands in tidied text where a parcel, order or after-sale number stood."""

LONGEST = 1500
"""Characters read of a message. A question that comes later than that is not one to answer by machine."""

_QUOTE_HEAD = re.compile(r"\A[ \n]{0,20}「[^」]{0,1000}」 {0,20}\n {0,20}[-—–_─]{3,}[^\n]*\n?")
_AT_MARKUP = re.compile(r"<at\b[^>]{0,200}>[^<]{0,100}</at>")
_TAG = re.compile(r"</?[a-z][^>]{0,200}>")
_LINK = re.compile(r"(?:https?://|www\.)[^\s，。；、）)一-鿿]{1,500}")
_MENTION = re.compile(r"(?<![0-9a-z])@[^\s@,，:：]{1,30}")
_MARKER = re.compile(r"\[[^\[\]\n]{1,16}\](?:\s?[^\n]{0,60}\.[a-z]{3,4}\b)?|【(?:图片|视频|语音|表情|文件|链接)】")
_ID = re.compile(
    r"(?<![0-9a-z])(?:[a-z]{2}[ -]?[a-z]?\d{9}cn|sf[ -]?[a-z0-9]?\d{12}|jd[ -]?[a-z0-9]{2}\d{11}"
    r"|[a-z]{1,4}[ -]?\d{11,15}|\d{12,19})(?![0-9a-z])"
)
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_STOPS = re.compile(r"[拦截栏]|lan ?jie|(?<![a-z])(?:wl|kd)?ljf?j?(?![a-z])")
"""Something is being stopped, in characters, pinyin or first letters."""
_LATIN = re.compile(r"[a-z]+(?:[ '][a-z]+)*")
_TOKEN = re.compile(r"(?<![a-z0-9])[a-z]{2,6}(?![a-z0-9])")
_NOT_CANTONESE = "(?<![业网站节地早晚时一有快差重那这旁右左两身])"
"""After one of these 点 and 边 are a point and a side."""
_CANTONESE = re.compile("[唔冇嘅咗喺嚟㗎啲咩乜哋佢嘢畀]")
_IS = re.compile(r"\b(what|where|who|how|when|why|it|that)'s\b")
_SPACE = re.compile(r"\s+")
_LAUGH = re.compile(r"(.)\1{3,}")


@dataclass(frozen=True)
class Tidied:
    """A message ready to be read: `text` for the patterns, and what was taken out of it.

    `ids` are upper case, in order, each once; `language` is 'en' when the message has Latin words and no Chinese
    character; `mentioned`: somebody was addressed by @; `marked`: a picture or file marker stood in it; `only_marks`:
    nothing but marks, numbers of parcels or emoji is left.
    """

    text: str
    ids: tuple[str, ...]
    language: str
    mentioned: bool
    marked: bool
    only_marks: bool


class Spelling:
    """The tables of `spelling.toml`, made ready once."""

    def __init__(self, tables: dict[str, dict[str, str]]) -> None:
        pairs = tables["traditional"]["pairs"].split()
        self.simplify = {ord(pair[0]): pair[1] for pair in pairs}
        self.cantonese = _Replacer(tables["cantonese"])
        self.cantonese_only = _Replacer(tables["cantonese_only"], before=_NOT_CANTONESE)
        self.typos = _Replacer(tables["typos"])
        self.patterns = [(re.compile(left), right) for left, right in tables["patterns"].items()]
        self.sound = re.compile(f"[{tables['sounds']['lan']}][{tables['sounds']['jie']}]")
        self.sound_keep = frozenset(tables["sounds"]["keep"])
        self.pinyin = tables["pinyin"]
        self.pinyin_longest = max(map(len, self.pinyin))
        self.short = tables["short"]
        self.initials = tables["initials"]


class _Replacer:
    """Replaces every left side by its right side in one pass, longest first."""

    def __init__(self, table: dict[str, str], before: str = "") -> None:
        self._table = table
        parts = sorted(table, key=len, reverse=True)
        self._find = re.compile(f"{before}(?:" + "|".join(map(re.escape, parts)) + ")")

    def __call__(self, text: str) -> str:
        return self._find.sub(lambda found: self._table[found.group()], text)


@lru_cache(maxsize=1)
def spelling() -> Spelling:
    """The spelling tables, read at the first message."""
    with (Path(__file__).parent / "spelling.toml").open("rb") as file:
        return Spelling(tomllib.load(file))


def tidy(raw: str) -> Tidied:
    """Tidy one message; never raises, reads at most `LONGEST` characters."""
    tables = spelling()
    text = _plain(raw[: LONGEST * 4])[:LONGEST]
    text = _without_quotes(text)
    text, mentioned = _without_mentions(text)
    text = _LINK.sub(" ", text)
    bare = _MARKER.sub(" ", text)
    marked, text = bare != text, bare
    text, ids = _without_ids(text)
    language = "zh" if _has_chinese(text) or not re.search(r"[a-z]{2}", text) else "en"
    text = _spelt(text, tables)
    text = _LAUGH.sub(r"\1\1", _SPACE.sub(" ", text)).strip()
    only_marks = not any(char.isalnum() for char in text.replace(ID_MARK, ""))
    return Tidied(text, ids, language, mentioned, marked, only_marks)


def _plain(raw: str) -> str:
    """NFKC, lower case; invisible characters and emoji go, line breaks stay."""
    text = unicodedata.normalize("NFKC", raw).lower().replace("’", "'").replace("‘", "'")
    text = _IS.sub(r"\1 is", text)
    if text.isascii():
        return text
    return "".join(map(_visible, text))


@lru_cache(maxsize=4096)
def _visible(char: str) -> str:
    """The character itself, a space for a picture or a space of any kind, nothing for an invisible one."""
    if char in "\n№·":
        return char
    kind = unicodedata.category(char)
    if kind in {"Cf", "Cn", "Co", "Cs", "Mn", "Me"}:
        return ""
    if kind in {"So", "Sk", "Zs", "Zl", "Zp", "Cc"}:
        return " "
    return char


def _without_quotes(text: str) -> str:
    """What the writer quotes of others is not what he asks."""
    text = _QUOTE_HEAD.sub("", text, count=1)
    if ">" not in text:
        return text
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">"))


def _without_mentions(text: str) -> tuple[str, bool]:
    if "@" not in text and "<" not in text:
        return text, False
    bare = _TAG.sub(" ", _MENTION.sub(" ", _AT_MARKUP.sub(" ", text)))
    return bare, bare != text


def _without_ids(text: str) -> tuple[str, tuple[str, ...]]:
    """Put `ID_MARK` for every number of a parcel, an order or an after-sale; phone numbers just go."""
    if not any(char.isdigit() for char in text):
        return text, ()
    ids: dict[str, None] = {}

    def take(found: re.Match[str]) -> str:
        ids[re.sub(r"[ -]", "", found.group()).upper()] = None
        return ID_MARK

    return _PHONE.sub(" ", _ID.sub(take, text)), tuple(ids)


def _has_chinese(text: str) -> bool:
    return any("一" <= char <= "鿿" for char in text)


def _spelt(text: str, tables: Spelling) -> str:
    """Simplified, Mandarin, with the words that matter spelt right."""
    simple = text.translate(tables.simplify)
    traditional = simple != text or _CANTONESE.search(simple) is not None
    text = tables.cantonese_only(simple) if traditional else simple
    if re.search(r"[a-z]", text):
        if _STOPS.search(text):
            text = _TOKEN.sub(lambda found: tables.initials.get(found.group(), found.group()), text)
        text = _from_pinyin(text, tables)
        text = _TOKEN.sub(lambda found: tables.short.get(found.group(), found.group()), text)
    text = tables.typos(tables.cantonese(text))
    text = tables.sound.sub(lambda found: found.group() if found.group() in tables.sound_keep else "拦截", text)
    for left, right in tables.patterns:
        text = left.sub(right, text)
    return text


def _from_pinyin(text: str, tables: Spelling) -> str:
    """Read Latin runs as pinyin where the message spells 拦 that way and nearly all of it can be read so."""
    if "lanjie" in text or "lan jie" in text or re.search(r"\blan\b", text):
        return _LATIN.sub(lambda found: _syllables(found.group(), tables), text)
    if _STOPS.search(text) and _has_chinese(text):
        return _LATIN.sub(lambda found: _wholly(found.group(), tables), text)
    return text


def _wholly(run: str, tables: Spelling) -> str:
    """The reading of a run amid Chinese, where every letter of it can be read so; a short name stays."""
    read = run if run in tables.short else _syllables(run, tables)
    return run if re.search(r"[a-z]", read) else read


def _syllables(run: str, tables: Spelling) -> str:
    """The reading with the fewest unread letters, then the fewest words; with a third unread the run stays."""
    letters = re.sub(r"[ ']", "", run)
    best: list[tuple[int, int, str]] = [(0, 0, "")]
    for end in range(1, len(letters) + 1):
        unread, words, read = best[end - 1]
        choice = (unread + 1, words + 1, read + letters[end - 1])
        for start in range(max(0, end - tables.pinyin_longest), end):
            word = tables.pinyin.get(letters[start:end])
            if word is not None and (best[start][0], best[start][1] + 1) < choice[:2]:
                choice = (best[start][0], best[start][1] + 1, best[start][2] + word)
        best.append(choice)
    return best[-1][2] if best[-1][0] * 3 <= len(letters) else run
