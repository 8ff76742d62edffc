"""The same case in three chats and on the console is one case, and all that is shown of it tells the same state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from sqlalchemy import select

from bot.store.cards import outbox
from tests.channels.conftest import Open, Team
from tests.channels.feishu.peer import FeishuPeer
from tests.channels.matrix.peer import MatrixPeer
from tests.channels.peers import Peer, Seen, until
from tests.channels.slack.peer import SlackPeer
from tests.channels.test_telling import document, enter

NUMBER = 21


@dataclass
class Several:
    """Three platforms that one bot speaks on."""

    peers: Sequence[Peer]

    async def start(self) -> None:
        for peer in self.peers:
            await peer.start()

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()

    def section(self) -> str:
        return "\n".join(peer.section() for peer in self.peers)

    async def meet(self, base: str) -> None:
        for peer in self.peers:
            await peer.meet(base)


async def test_one_case_in_three_chats_and_on_the_console(meeting: Open) -> None:
    """Told in three chats, asked for in all of them and on the console, confirmed in each: one interception and one
    fee, and in the end every card of it says the same and none offers it any more.
    """
    peers: list[Peer] = [SlackPeer(), FeishuPeer(), MatrixPeer()]
    whole = await meeting(cast("Peer", Several(peers)))
    new = document(NUMBER)
    after_sale_id, parcel = new["after_sale_id"], new["parcels"][0]["tracking_number"]
    for peer in peers:
        await Team(whole.bot, peer).bind()
        await peer.say("/subscribe")
        await until(lambda peer=peer: [one for one in peer.seen() if "会收到新售后" in one.text])
    await enter(whole, [new])

    def telling(peer: Peer, *words: str) -> list[Seen]:
        return [one for one in peer.seen() if parcel in one.text and all(word in one.text for word in words)]

    for peer in peers:
        card = await until(lambda peer=peer: next(iter(telling(peer, "新的仅退款售后")), None))
        await peer.press(card, "发起拦截")
    asked = [await until(lambda peer=peer: next(iter(telling(peer, "确认拦截")), None)) for peer in peers]
    visitor = whole.bot.visitor()
    await visitor.enter("agent", f"/?c={after_sale_id}")
    page = (await visitor.get(f"/after-sales/{after_sale_id}/confirm")).text
    action = re.search(r'name="action" value="(confirm\.\w+)"', page)
    assert action is not None
    for peer, confirm in zip(peers, asked, strict=True):
        await peer.press(confirm, "确认拦截")
    pressed = await visitor.post("/press", [("action", action[1]), ("conversation", after_sale_id)])
    assert pressed.status == 200
    assert "R10" in pressed.text

    async def agree() -> bool:
        pushed = [await _told(whole, peer, after_sale_id) for peer in peers]
        return any(all(word in one.text for one in pushed) for word in ("拦截成功", "退回中"))

    await until(agree)
    counted = [case.state for case in await whole.bot.cases(after_sale_id) if case.state != "refused"]
    assert counted == ["succeeded"]
    assert await whole.charged(after_sale_id) == 400
    for one in chain.from_iterable(telling(peer) for peer in peers):
        assert not any("发起拦截" in label for label in one.buttons), one.text
        assert "新的仅退款售后" not in one.text
    page = (await visitor.get(f"/?c={after_sale_id}")).text
    assert "拦截成功" in page or "退回中" in page


async def _told(whole: Team, peer: Peer, after_sale_id: str) -> Seen:
    """The pushed card as it is now."""
    there = (outbox.c.channel == peer.name) & (outbox.c.target == f"after_sale:{after_sale_id}")
    ref = await whole.bot.database.read(lambda c: c.execute(select(outbox.c.message_ref).where(there)).scalar_one())
    [found] = [one for one in peer.seen() if one.ref == ref]
    return found
