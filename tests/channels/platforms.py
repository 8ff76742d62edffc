"""The other end of every platform that a section of `channels.toml` may name, by each of its doors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.channels.chatwoot.peer import ChatwootPeer
from tests.channels.dingtalk.cards import DingtalkCardsPeer
from tests.channels.dingtalk.gateway import DingtalkStreamPeer
from tests.channels.dingtalk.peer import DingtalkPeer
from tests.channels.feishu.gateway import FeishuLinePeer
from tests.channels.feishu.peer import FeishuPeer
from tests.channels.matrix.peer import MatrixPeer
from tests.channels.peers import Peer
from tests.channels.slack.gateway import SlackSocketPeer
from tests.channels.slack.peer import SlackPeer
from tests.channels.wecom.gateway import WecomLinePeer
from tests.channels.wecom.peer import WecomPeer

PEERS: Mapping[str, Callable[[], Peer]] = {
    "slack": SlackPeer,
    "feishu": FeishuPeer,
    "wecom": WecomPeer,
    "dingtalk": DingtalkPeer,
    "matrix": MatrixPeer,
    "chatwoot": ChatwootPeer,
}
"""How each platform calls us."""

LINES: Mapping[str, Callable[[], Peer]] = {
    "feishu, long connection": FeishuLinePeer,
    "slack, socket mode": SlackSocketPeer,
    "dingtalk, stream": DingtalkStreamPeer,
    "wecom, long connection": WecomLinePeer,
}
"""How the bot connects to a platform itself."""

DOORS: Mapping[str, Callable[[], Peer]] = {**PEERS, "dingtalk, cards": DingtalkCardsPeer, **LINES}
"""All of them."""
