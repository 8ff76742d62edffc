"""A replica in a process of its own: `python replica.py URL HOLD_S`. Says on standard output what it does.

`up`, then `begun KEY` and `ended KEY` for each row, and at SIGTERM `stopped N`: so often it was taken for dead.
"""

import asyncio
import logging
import signal
import sys
from datetime import timedelta

from sqlalchemy import update

from bot.runners.contract import Work
from bot.runners.jobs import FALSE_DEATHS, Liveness
from bot.runners.shared import SharedRunner
from bot.store.cards import INBOX_DUE, inbox
from bot.store.database import PostgresDatabase, open_database


def say(*words: object) -> None:
    """One line."""
    print(*words, flush=True)  # noqa: T201 - this is how the test hears of it


async def main(url: str, hold_s: float) -> None:
    """Runs until SIGTERM."""
    database = open_database(url)
    assert isinstance(database, PostgresDatabase)
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)

    async def move(key: str) -> None:
        say("begun", key)
        await asyncio.sleep(hold_s)
        done = update(inbox).where(inbox.c.seq == int(key)).values(next_at=None)
        await database.write(lambda c: c.execute(done) and None)
        say("ended", key)

    work = Work("rows", "row", INBOX_DUE, move)
    runner = SharedRunner(database, [work], lease=timedelta(seconds=60), liveness=Liveness(0.4, 2.0))
    await runner.start()
    say("up")
    await told.wait()
    await runner.stop(1)
    await database.close()
    say("stopped", FALSE_DEATHS.count)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
