"""`person leave` with chat tools: which chats go on being told is read from `channels.toml`, without a running bot."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from bot.store import telling
from bot.store.database import now, open_database
from bot.store.told import Place
from tests.started import run, well

SLACK = '[slack]\nsigning_secret = "0123456789abcdef"\nbot_token = "xoxb-123456"\nteam_id = "T1"\n'


async def test_the_teams_chat_goes_on_without_a_running_bot(tmp_path: Path) -> None:
    """Of two chats that somebody chose, the talk of two ends and the channel goes on; a file that cannot be read is
    told, and keeps nobody in the shop.
    """
    well(tmp_path, "shop", "create", "own", "--name", "自营店")
    well(tmp_path, "person", "add", "--shop", "own", "--role", "agent", "--login", "lin", stdin="correct horse\n")
    database = open_database(f"sqlite:///{tmp_path / 'intercept.db'}")

    def choose(connection: Connection) -> None:
        for chat in ("C1", "D1"):
            telling.choose(connection, "own", Place("slack", chat), "lin", None, now(connection))

    try:
        await database.write(choose)
        file = tmp_path / "channels.toml"
        file.write_text(SLACK, "utf-8")
        file.chmod(0o600)
        assert well(tmp_path, "person", "leave", "lin") == "lin left\n"
        told = await database.read(lambda c: [one.place.chat for one in telling.chosen(c, "own")])
        assert told == ["C1"]
        well(tmp_path, "person", "return", "lin")
        file.chmod(0o644)
        left = run(tmp_path, "person", "leave", "lin")
        assert (left.returncode, left.stdout, "chmod 600" in left.stderr) == (0, "lin left\n", True)
    finally:
        await database.close()
