"""What pages load: style, script, the icon with the number of what waits."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from aiohttp import web

from bot.console.drawing import Static
from bot.console.session import HEADERS

MOST_SHOWN = 99
FOR_GOOD = "public, max-age=31536000, immutable"


class Files:
    """The files of `static/`, held in memory, packed once."""

    def __init__(self, static: Mapping[str, Static]) -> None:
        self._static = static
        self._packed = {name: gzip.compress(file.body, mtime=0) for name, file in static.items()}

    async def file(self, request: web.Request) -> web.Response:
        """One of them. The address carries a mark of the content, so it may be kept for good."""
        name = request.match_info["name"]
        found = self._static.get(name)
        if found is None:
            raise web.HTTPNotFound
        headers = {**HEADERS, "Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = self._packed[name]
        else:
            body = found.body
        return web.Response(body=body, content_type=found.content_type, charset="utf-8", headers=headers)


async def icon(request: web.Request) -> web.Response:
    """The page's icon; `n` is how many wait for a person."""
    given = request.query.get("n", "0")
    waiting = min(int(given), MOST_SHOWN) if given.isdecimal() and len(given) < 5 else 0
    badge = ""
    if waiting:
        badge = (
            '<circle cx="17" cy="7" r="7" fill="#ab1343"/>'
            '<text x="17" y="10.4" font-family="sans-serif" font-size="9.5" font-weight="700" text-anchor="middle" '
            f'fill="#fff">{waiting}</text>'
        )
    body = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" '
        'fill="#0e5a6e"/><path d="M9.6 6.4L5.8 10.2l3.8 3.8M6.4 10.2h7.2a4 4 0 010 8H10" fill="none" stroke="#fff" '
        f'stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round"/>{badge}</svg>'
    )
    headers = {**HEADERS, "Cache-Control": "public, max-age=86400"}
    return web.Response(text=body, content_type="image/svg+xml", headers=headers)
