"""An aiohttp server on loopback that leaves no connection behind."""

from __future__ import annotations

import asyncio

from aiohttp import test_utils


class TestServer(test_utils.TestServer):
    """aiohttp's, with a moment between taking no more connections and closing.

    A connection that the loop has taken but not yet handed over when its server closes stays open for good (asyncio
    before 3.12 fails to attach it), and warns in whichever test happens to run when it is collected.
    """

    __test__ = False

    async def close(self) -> None:
        """Takes nobody else, then closes whoever has come."""
        if self.runner is not None:
            listening = [site._server for site in self.runner.sites]  # type: ignore[attr-defined]
            for sock in [sock for server in listening if server is not None for sock in server.sockets]:
                asyncio.get_running_loop().remove_reader(sock.fileno())
            await asyncio.sleep(0.01)
        await super().close()
