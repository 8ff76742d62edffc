"""What a chat message asks for: a command, or nothing (`samples/commands.md`, ruling 19).

The steps of that page, in its order: tidy up, drop what is quoted, mentions, slash command, mention and a bare word,
plain words. The parser decides nothing else. Where a message is no command the FAQ sees it next, so in doubt it is
none: a command where none was meant is the worst mistake.

Only the standard library is imported, so that `intercept-bot parse` starts at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from bot.handlers import plain_words
from bot.handlers.typed_ids import ids_in


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command as it was typed.

    `ids` are valid forms in the order in which they stand, upper case, each once; always empty for those
    of `WITHOUT_IDS`. `argument` is what follows a slash command, tidied, for those that take something else (`/grant
    LOGIN`).
    """

    command: str
    ids: tuple[str, ...] = ()
    argument: str = ""


# The words after a slash. The traditional spellings beside 攔截 are read as well: whoever writes one writes the other,
# and `/攔截記錄 7130…` must not be an order to intercept.
SLASH_WORDS: dict[str, tuple[str, ...]] = {
    "records": ("records", "记录", "拦截记录", "記錄", "紀錄", "攔截記錄", "攔截紀錄"),
    "intercept": ("intercept", "拦截", "攔截"),
    "help": ("help", "帮助", "幫助", "?"),
    "fees": ("fees", "费用", "費用"),
    "sign": ("sign", "签约", "簽約"),
    "grant": ("grant", "授权", "授權"),
    "unsubscribe": ("unsubscribe", "退订", "退訂", "取消订阅", "取消訂閱"),
    "subscribe": ("subscribe", "订阅", "訂閱"),
}
# After a mention alone; never those that a slash alone begins (ruling 19).
BARE_COMMANDS = ("records", "intercept", "help")
WITHOUT_IDS = ("fees", "sign", "grant", "subscribe", "unsubscribe")

_COMMAND_OF = {word: command for command, words in SLASH_WORDS.items() for word in words}
# Longest first: /拦截记录 is not 拦截 with an argument.
_WORDS = "|".join(re.escape(word) for word in sorted(_COMMAND_OF, key=len, reverse=True))
_SLASH_COMMAND = re.compile(
    rf"/({_WORDS})"
    # An English word followed by a letter is another word; /help/zh and /records.csv are paths. A Chinese word needs
    # no space after it, and neither does an English one before a digit, a sign or a Chinese character.
    r"(?:(?<![A-Za-z])|(?![A-Za-z_\u00c0-\u024f]|[/.][A-Za-z]))",
    re.IGNORECASE | re.ASCII,
)
_OTHER_SLASH_WORD = re.compile(r"/[^\W\d_]")
_SLASH_INSIDE = re.compile(rf"/(?:{_WORDS})", re.IGNORECASE | re.ASCII)
_BARE = {
    command: re.compile(
        rf"(?:{'|'.join(word for word in SLASH_WORDS[command] if word != '?')})"
        r"(?!(?<=[A-Za-z])[A-Za-z]|[\u4e00-\u9fff])",
        re.IGNORECASE | re.ASCII,
    )
    for command in BARE_COMMANDS
}

MOST_ACCENTS = 30  # in a row; no script has more

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]")
_LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n]+")
_LINK_TAIL = r"[\w.~:/?\#\[\]@!$&*+,;=%-]*"
_LINK = re.compile(
    rf"""
      [a-z]{{2,16}}[0-9]{{0,6}}://{_LINK_TAIL}                     # https://…, weixin://…
    | (?<![\w.@-])(?:[a-z0-9-]{{1,63}}\.){{1,8}}[a-z]{{2,6}}[:/?\#]{_LINK_TAIL}  # kuaidi100.com/?nu=…, v.douyin.com/…
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_AT_MARKUP = re.compile(r"<at(?![a-z])[^<>]*>(?:[^<\n]{0,64}</at>)?|</at>|<[@!#][^<>\n]*>", re.IGNORECASE)
# Mail addresses are no mentions: the sign must not stand after a letter.
_NAME = r"(?<![A-Za-z0-9])@[^\s@/,:;、。!?<>]*"
_NAMED = re.compile(_NAME)
_ADDRESSED = re.compile(r"^@[^\s]*")  # /help@bot
_AT = "@"
_MENTION = f"{_AT} "  # what markup becomes
_LEADING_MENTIONS = re.compile(rf"(?:{_NAME}[\s,:;、。!~]*)+")

_QUOTE_HEAD = re.compile(r"「[^:\n「」]{1,64}:")
_DASHES = frozenset("-—–─━ ")
_LABELS = re.compile(r"「(?:单号|單號|运单|運單|快递单|订单|售后|[中圆申韵]通|韵达|顺丰|极兔|京东|邮政)")


def parse(text: str) -> Parsed | None:
    """The command that a chat message gives, or None. Never raises; takes time in proportion to the text's length.

    Follows `samples/commands.md`; what that page leaves open is settled beside the rule in question.
    """
    lines = without_quotes(tidy(text))
    mentioned, lines = _without_mentions(lines)
    return _slash_command(lines) or _after_mention(mentioned, lines) or _plain_order(lines)


def ids_of(text: str) -> tuple[str, ...]:
    """The ids that a message names itself: not those in what it quotes, in links and in mentions."""
    return ids_in("\n".join(_without_mentions(without_quotes(tidy(text)))[1]))


def tidy(text: str) -> str:
    """Step 1: NFKC, no invisible characters, one kind of line break and of blank; links go, mentions become `@name`.

    Circled and raised digits are set apart first: NFKC would glue the ① of a list to the number behind it.
    """
    text = _LINK.sub(" ", text)  # before NFKC, which makes the ， behind a link one of its characters
    if not text.isascii():
        text = "".join(_set_apart(_INVISIBLE.sub("", text)))
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    text = _BLANK.sub(" ", _LINE_BREAK.sub("\n", text))
    return _LINK.sub(" ", _AT_MARKUP.sub(_MENTION, text))


def _set_apart(text: str) -> Iterator[str]:
    """The characters of a text, with blanks around ①, ², ⒈ and keycap frames, and no endless rows of accents.

    NFKC sorts each row of accents, in time that grows with the square of its length.
    """
    accents = 0
    for char in text:
        if char < "\x80":
            accents = 0
            yield char
            continue
        accents = accents + 1 if unicodedata.combining(char) else 0
        if accents <= MOST_ACCENTS:
            yield f" {char} " if char == "\u20e3" or unicodedata.category(char) == "No" else char


def without_quotes(text: str) -> list[str]:
    """Step 2: the lines of a tidied message that its writer wrote, stripped.

    Lines beginning with `>` go, and a leading block 「name:text」 with its line of dashes. The same block without
    dashes goes too, unless a label stands in the name's place: somebody else's words are no order.
    """
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line and not line.startswith(">")]
    if not lines or _QUOTE_HEAD.match(lines[0]) is None:
        return lines
    for number, line in enumerate(lines):
        if _DASHES.issuperset(line) and len(line.replace(" ", "")) >= 3:
            return lines[number + 1 :] if lines[number - 1].endswith("」") else lines
    if _LABELS.match(lines[0]):
        return lines
    for number, line in enumerate(lines):
        if "」" in line:
            rest = line.rpartition("」")[2].strip()
            return [f"」{rest}", *lines[number + 1 :]] if rest else lines[number + 1 :]
    return lines


def _without_mentions(lines: list[str]) -> tuple[bool, list[str]]:
    """Step 3: whether the message begins with a mention, and its lines without any."""
    mentioned = bool(lines) and lines[0].startswith(_AT)
    rest = (_LEADING_MENTIONS.sub("", line, count=1) if line.startswith(_AT) else line for line in lines)
    rest = (_NAMED.sub(" ", line).strip() for line in rest)
    return mentioned, [line for line in rest if line and not line.startswith(">")]


def _slash_command(lines: list[str]) -> Parsed | None:
    """Step 4: the first line that begins with a slash and a command word; its arguments run to the message's end."""
    for number, line in enumerate(lines):
        match = _SLASH_COMMAND.match(line)
        if match is not None:
            command = _COMMAND_OF[match[1].lower()]
            argument = "\n".join([_ADDRESSED.sub("", line[match.end() :]), *lines[number + 1 :]]).strip().lstrip(":,- ")
            return Parsed(command, () if command in WITHOUT_IDS else ids_in(argument), argument)
    return None


def _after_mention(mentioned: bool, lines: list[str]) -> Parsed | None:  # noqa: FBT001 - what step 3 found
    """Step 5: `@bot 帮助`, `@bot 记录 …`, `@bot 拦截`. A mention alone is none: it may name a colleague."""
    if not mentioned or not lines:
        return None
    text = "\n".join(lines)
    for command in BARE_COMMANDS:
        match = _BARE[command].match(text)
        if match is None:
            continue
        rest = text[match.end() :].strip(" \n.。!~,;:、-")
        if command == "records":
            return None if plain_words.asks(rest) else Parsed(command, ids_in(rest), rest)
        return Parsed(command) if not rest else None
    return None


def _plain_order(lines: list[str]) -> Parsed | None:
    """Step 6: an order in plain words, where no line holds a slash command of ours or of another bot.

    `用 /intercept YT… 就行` explains a command; `/export 拦截 YT…` speaks to somebody else.
    """
    text = "\n".join(lines)
    if _SLASH_INSIDE.search(text) or any(_OTHER_SLASH_WORD.match(line) for line in lines):
        return None
    ids = ids_in(text)
    return Parsed("intercept", ids) if ids and plain_words.is_order(text) else None
