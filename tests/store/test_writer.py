"""The one writing thread of an SQLite file, beside another process that writes to it."""

import sqlite3
import threading
import time

from bot.store.database import open_database, sqlite_path
from tests.store.conftest import enter_shops
from tests.store.test_database import put

WRITES = 4
HELD_S, FREE_S = 0.45, 0.03


class Neighbour(threading.Thread):
    """Writes one transaction after another and leaves the file alone only for moments, as a long import does."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._path = sqlite_path(url)
        self._end = threading.Event()
        self.began = threading.Event()
        self.transactions = 0

    def run(self) -> None:
        """The thread."""
        other = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        while not self._end.is_set():
            other.execute("BEGIN IMMEDIATE")
            self.transactions += 1
            self.began.set()
            time.sleep(HELD_S)
            other.execute("COMMIT")
            time.sleep(FREE_S)
        other.close()

    def end(self) -> None:
        """Returns when it has let go."""
        self._end.set()
        self.join(30)


async def test_a_long_import_beside_it_leaves_room_for_a_click(sqlite_url: str) -> None:
    """Who writes beside somebody that hardly ever lets go gets his turn within a few of the other's transactions."""
    database = open_database(sqlite_url, serve=True)
    await database.write(enter_shops)
    neighbour = Neighbour(sqlite_url)
    neighbour.start()
    assert neighbour.began.wait(10)
    before = neighbour.transactions
    for count in range(WRITES):
        await database.write(lambda c, key=str(count): put(c, key))  # type: ignore[misc]
    between = neighbour.transactions - before
    neighbour.end()
    await database.close()
    assert between <= WRITES + 2
