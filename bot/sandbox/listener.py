"""The port of the sandbox, which can be closed for a while: `down`, as if the machine at the other end had gone."""

import asyncio
from typing import Final

from aiohttp import web

RETRY_S: Final = 0.05
BACKLOG: Final = 1024


class Listener:
    """One listening socket of a runner. Until `open` it owns no port and can close none."""

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._host = ""
        self._port = 0
        self._reopening: asyncio.Task[None] | None = None

    async def open(self, runner: web.AppRunner, host: str, port: int) -> int:
        """Listen, and return the port (chosen by the system where 0 is given). Raises `OSError` when it is taken."""
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
        await site.start()
        self._runner, self._site, self._host, self._port = runner, site, host, site.port
        return site.port

    async def close_for(self, seconds: float, *, keep: web.Request) -> bool:
        """Stop listening, cut every connection but that of `keep`, and listen again after `seconds` on the same port.

        When this returns, nobody can connect. False where the port is not ours.
        """
        if self._runner is None or self._site is None:
            return False
        await self._site.stop()
        self._site = None
        for _ in range(2):  # a connection taken at the last moment is there one round of the loop later
            await asyncio.sleep(0)
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection is not keep.protocol:
                connection.force_close()
        self._reopening = asyncio.create_task(self._reopen(self._runner, seconds))
        return True

    async def close(self) -> None:
        """Give up a reopening that is still to come; the runner closes the rest."""
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)

    async def _reopen(self, runner: web.AppRunner, seconds: float) -> None:
        """Until it works or the sandbox ends: somebody's outgoing connection may hold the port for a moment."""
        await asyncio.sleep(seconds)
        while True:
            try:
                await self.open(runner, self._host, self._port)
                return
            except OSError:
                await asyncio.sleep(RETRY_S)
