"""`intercept-bot connect`, started as people start it, against each platform on loopback."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import stat
import subprocess
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.app import RELOAD
from bot.channels.configuration import load
from bot.channels.registry import PLATFORMS
from bot.cli.connect import NAMES
from tests import started
from tests.channels.chatwoot.peer import ChatwootPeer
from tests.channels.feishu import peer as feishu
from tests.channels.feishu.gateway import FeishuLinePeer
from tests.channels.feishu.peer import FeishuPeer
from tests.channels.matrix.peer import MatrixPeer
from tests.channels.matrix.synapse import SERVER
from tests.channels.matrix.synapse import running as synapse
from tests.channels.peers import Heard, Peer, Sent
from tests.channels.platforms import DOORS
from tests.channels.slack import peer as slack
from tests.channels.slack.gateway import SlackSocketPeer
from tests.channels.slack.peer import SECRET, TOKEN, SlackPeer
from tests.channels.wecom import peer as wecom
from tests.channels.wecom.gateway import WecomLinePeer
from tests.channels.wecom.peer import WecomPeer
from tests.console.served import demo
from tests.twin import free_port

Done = subprocess.CompletedProcess[str]


@asynccontextmanager
async def there(peer: Peer) -> AsyncIterator[Peer]:
    """A platform that answers."""
    await peer.start()
    try:
        yield peer
    finally:
        await peer.close()


async def connect(data: Path, platform: str, *options: str, section: str = "", **env: str) -> Done:
    """The command, with that section on standard input."""
    more = ("--stdin", *options) if section else options
    env = {"PORT": str(free_port()), **env}
    return await asyncio.to_thread(started.run, data, "connect", platform, *more, stdin=section, **env)


def left(folder: Path) -> list[str]:
    """What was written."""
    return [path.name for path in folder.iterdir()]


def without(section: str, *names: str) -> str:
    """The section without these lines."""
    return "".join(line for line in section.splitlines(keepends=True) if line.partition(" ")[0] not in names)


def secrets_of(section: str) -> list[str]:
    """What must be printed nowhere."""
    names = re.compile(r"token|secret|key$")
    values = next(iter(tomllib.loads(section).values()))
    return [
        value
        for name, value in values.items()
        if names.search(name) and name not in {"app_key", "tenant_key", "path_secret"}
    ]


def _echo() -> tuple[Sent, bytes]:
    echo = wecom.encrypt(b"4567890123456789012")
    sent = wecom.signed(echo)
    return Sent(sent.path, b"", method="GET", query={**sent.query, "echostr": echo}), b"4567890123456789012"


def _slack() -> tuple[Sent, bytes]:
    body = b'{"type":"url_verification","challenge":"c-123"}'
    return slack.signed("/events", body, "application/json"), b'{"challenge": "c-123"}'


HANDSHAKES: dict[type, Callable[[], tuple[Sent, bytes]]] = {
    SlackPeer: _slack,
    FeishuPeer: lambda: (feishu.challenge(feishu.TOKEN), b'{"challenge": "c-123"}'),
    WecomPeer: _echo,
}
"""What a platform sends when its console saves the address, and what it must hear."""


@pytest.mark.parametrize("make", DOORS.values(), ids=DOORS)
async def test_a_platform_is_connected(tmp_path: Path, sqlite_url: str, make: Callable[[], Peer]) -> None:
    """What is tried is written with mode 600, no secret is printed, and the bot starts with it and is spoken to."""
    async with there(make()) as peer:
        told = without(peer.section(), "team_id", "tenant_key", "own_id")
        done = await connect(tmp_path, peer.name, section=told)
        assert done.returncode == 0, done.stdout + done.stderr
        file = tmp_path / "channels.toml"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert {**tomllib.loads(peer.section())[peer.name]}.items() <= load(file)[peer.name].items()
        assert [one for one in secrets_of(peer.section()) if one in done.stdout + done.stderr] == []
        async with demo(tmp_path, sqlite_url) as bot:
            await peer.meet(bot.base)
            if type(peer) in HANDSHAKES:
                asked, answered = HANDSHAKES[type(peer)]()
                assert (await peer.send(asked)) == Heard(200, answered)
            assert (await peer.say("/help", peer.stranger)).status == 200


Spoil = tuple[Callable[[], Any], str, str, str]

WRONG: dict[str, Spoil] = {
    "slack, its token": (SlackPeer, "bot_token", "xoxb-another-1", "bot_token"),
    "slack, its workspace": (SlackPeer, "team_id", "T2", "team_id"),
    "slack, the app's token": (SlackSocketPeer, "app_token", "xapp-another-1", "app_token"),
    "feishu, its secret": (FeishuPeer, "app_secret", "another-secret-1", "app_secret"),
    "feishu, its company": (FeishuLinePeer, "tenant_key", "tk-2", "tenant_key"),
    "wecom, its secret": (WecomLinePeer, "secret", "another-secret-1", "secret"),
    "dingtalk, its secret": (DOORS["dingtalk"], "app_secret", "another-secret-1", "app_secret"),
    "dingtalk, by stream": (DOORS["dingtalk, stream"], "app_secret", "another-secret-1", "app_secret"),
    "chatwoot, its token": (ChatwootPeer, "access_token", "another-token-1", "access_token"),
    "matrix, its token": (MatrixPeer, "as_token", "another-token-1", "as_token"),
    "matrix, its user": (MatrixPeer, "user", "@other:shop.example", "user"),
    "chatwoot, no address": (ChatwootPeer, "url", "http://127.0.0.1:9", "url"),
    "matrix, no address": (MatrixPeer, "homeserver_url", "http://127.0.0.1:9", "homeserver_url"),
}


@pytest.mark.parametrize("make, name, value, named", WRONG.values(), ids=WRONG)
async def test_a_wrong_credential_is_named(
    tmp_path: Path, make: Callable[[], Peer], name: str, value: str, named: str
) -> None:
    """The line that fails names it and where it is found, the value is printed nowhere, and nothing is written."""
    async with there(make()) as peer:
        section = re.sub(rf'^{name} = ".*"$', f'{name} = "{value}"', peer.section(), flags=re.MULTILINE)
        assert section != peer.section()
        done = await connect(tmp_path, peer.name, section=section)
        assert done.returncode == 1
        failing = [line for line in done.stdout.splitlines() if line.startswith("fail")]
        assert len(failing) == 1, done.stdout
        assert named in failing[0].partition("：")[0]
        assert [one for one in secrets_of(section) if one in done.stdout + done.stderr] == []
        assert left(tmp_path) == []


async def test_what_did_not_work_is_written_by_consent(tmp_path: Path) -> None:
    """`--force` writes it, and still says what failed."""
    async with there(SlackPeer()) as peer:
        section = peer.section().replace(TOKEN, "xoxb-another-1")
        done = await connect(tmp_path, "slack", "--force", section=section)
        assert done.returncode == 0, done.stderr
        assert "fail  bot_token" in done.stdout
        assert load(tmp_path / "channels.toml")["slack"]["bot_token"] == "xoxb-another-1"


async def test_what_is_there_stays(tmp_path: Path) -> None:
    """Comments and other sections stay word for word; a section is changed only when that is asked for."""
    file = tmp_path / "channels.toml"
    old = '# ours\n[wecom]  # the group\ncorp_id = "ww01"\ntoken = "wecomToken01"\naes_key = "' + "A" * 43 + '"\n'
    file.write_text(old)
    file.chmod(0o600)
    async with there(SlackPeer()) as peer:
        assert (await connect(tmp_path, "slack", section=peer.section())).returncode == 0
        first = file.read_text()
        assert first.startswith(old)
        same = await connect(tmp_path, "slack", section=peer.section())
        assert (same.returncode, file.read_text()) == (0, first)
        other = peer.section().replace(SECRET, "another-signing-secret")
        refused = await connect(tmp_path, "slack", section=other)
        assert (refused.returncode, file.read_text()) == (1, first)
        assert "signing_secret" in refused.stderr
        assert "--replace" in refused.stderr
        assert (await connect(tmp_path, "slack", "--replace", section=other)).returncode == 0
        assert file.read_text() == first.replace(SECRET, "another-signing-secret")
        second = await connect(tmp_path, "slack", "--name", "slack-2", section=peer.section())
        assert second.returncode == 0
        assert load(file)["slack-2"]["platform"] == "slack"
        assert "/channels/slack-2/commands" in second.stdout


async def test_values_come_from_everywhere_but_secrets_from_no_argument(tmp_path: Path) -> None:
    """The environment, `--set` and what is there fill a section together; a secret in an argument is refused."""
    async with there(SlackPeer()) as peer:
        url = f"--set=api_url={peer.url}/api"
        refused = await connect(tmp_path, "slack", f"--set=bot_token={TOKEN}")
        assert refused.returncode == 1
        assert "INTERCEPT_SLACK_BOT_TOKEN" in refused.stderr
        assert TOKEN not in refused.stderr
        env = {"INTERCEPT_SLACK_BOT_TOKEN": TOKEN, "INTERCEPT_SLACK_SIGNING_SECRET": SECRET}
        done = await connect(tmp_path, "slack", url, "--set", "lang=en", BOT_PUBLIC_URL="https://bot.example", **env)
        assert done.returncode == 0, done.stderr
        assert load(tmp_path / "channels.toml")["slack"]["lang"] == "en"
        assert "https://bot.example/channels/slack/events" in done.stdout


@pytest.mark.parametrize("platform", ["feishu", "wecom", "dingtalk", "slack", "chatwoot", "matrix"])
async def test_what_is_missing_is_told_with_its_place(tmp_path: Path, platform: str) -> None:
    """Without a keyboard every missing value is named at once with where it is found, and how scripts give it."""
    done = await connect(tmp_path, platform)
    assert done.returncode == 1
    assert "--stdin" in done.stderr
    assert re.search(r"^缺 \w+：.+", done.stderr, re.MULTILINE)
    assert left(tmp_path) == []


def test_every_platform_can_be_connected() -> None:
    """The command knows each platform that a section may name."""
    assert set(NAMES) == set(PLATFORMS)


async def test_a_keyboard_is_asked_and_shows_no_secret(tmp_path: Path) -> None:
    """Each value is asked for with where it is found; what is secret is not echoed; the workspace may be left empty."""
    async with there(SlackPeer()) as peer:
        answers = {"mode ": "http", "bot_token:": TOKEN, "signing_secret:": SECRET, "team_id:": ""}
        said, code = await asyncio.to_thread(_typed, tmp_path, ("slack", f"--set=api_url={peer.url}/api"), answers)
        assert code == 0, said
        assert "App → OAuth & Permissions" in said
        assert TOKEN not in said
        assert SECRET not in said
        assert load(tmp_path / "channels.toml")["slack"]["team_id"] == "T1"


def _typed(data: Path, args: tuple[str, ...], answers: dict[str, str]) -> tuple[str, int]:
    """Runs the command on a terminal of its own and answers each question in turn."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*started.COMMAND, "connect", *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=data,
        env=started.environment(data, PORT=str(free_port())),
        start_new_session=True,
    )
    os.close(theirs)
    said = ""
    try:
        for question, answer in answers.items():
            seen = len(said)
            while question not in said[seen:]:
                said += os.read(ours, 4096).decode("utf-8", "replace")
            os.write(ours, f"{answer}\n".encode())
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # what Linux says when the other end is closed
                break
            if not part:
                break
            said += part.decode("utf-8", "replace")
        return said, process.wait(30)
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)


async def test_an_agent_bot_of_chatwoot_is_told_from_a_wrong_token(tmp_path: Path) -> None:
    """Its token tells no owner; it is tried on a conversation that nobody has, and its id is 0."""
    async with there(ChatwootPeer(is_bot=True)) as peer:
        done = await connect(tmp_path, "chatwoot", section=without(peer.section(), "own_id"))
        assert done.returncode == 0, done.stdout
        assert load(tmp_path / "channels.toml")["chatwoot"]["own_id"] == 0


async def test_an_app_without_a_bot(tmp_path: Path) -> None:
    """飞书's app whose bot was not switched on is told so, with where that is done."""
    async with there(FeishuPeer(has_bot=False)) as peer:
        done = await connect(tmp_path, "feishu", section=peer.section())
        assert done.returncode == 1
        assert "添加「机器人」" in done.stdout


async def test_a_company_that_is_not_told(tmp_path: Path) -> None:
    """Where the app may not read the company, `tenant_key` is asked for by name; written, it is taken as it is."""
    async with there(FeishuPeer(tells_company=False)) as peer:
        untold = await connect(tmp_path, "feishu", section=without(peer.section(), "tenant_key"))
        assert untold.returncode == 1
        assert "tenant_key" in untold.stderr
        assert left(tmp_path) == []
        assert (await connect(tmp_path, "feishu", section=peer.section())).returncode == 0


async def test_a_homeserver_gets_its_registration(tmp_path: Path) -> None:
    """Both tokens are made, the homeserver's own code takes the file, and that it knows neither yet is no failure."""
    from synapse.config.appservice import load_appservices  # noqa: PLC0415 - heavy

    async with there(MatrixPeer()) as peer:
        done = await connect(tmp_path, "matrix", section=without(peer.section(), "as_token", "hs_token", "user"))
        assert done.returncode == 0, done.stdout + done.stderr
        section = load(tmp_path / "channels.toml")["matrix"]
        file = tmp_path / "matrix-registration.yaml"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        [service] = load_appservices("shop.example", [str(file)])
        assert (service.token, service.hs_token) == (section["as_token"], section["hs_token"])
        assert service.is_exclusive_user("@intercept:shop.example")
        assert not service.is_interested_in_user("@intercept:shopXexample")
        assert service.sender.to_string() == section["user"] == "@intercept:shop.example"
        assert str(service.url).endswith("/channels/matrix")
        assert section["as_token"] not in done.stdout


async def test_a_real_homeserver_and_the_bot_know_each_other(tmp_path: Path, sqlite_url: str) -> None:
    """Synapse started with that registration accepts our token, and reaches the bot, which read its file again, with
    its own.
    """
    async with demo(tmp_path, sqlite_url) as bot:
        written = f'homeserver_url = "http://127.0.0.1:9"\nserver_name = "{SERVER}"\n'
        await connect(tmp_path, "matrix", "--force", "--address", bot.base, section=written)
        async with synapse(tmp_path / "hs", bot.base, tmp_path / "matrix-registration.yaml") as server:
            more = (f"--set=homeserver_url={server.url}", "--address", bot.base)
            kept = await connect(tmp_path, "matrix", *more)
            assert kept.returncode == 1
            assert "homeserver_url" in kept.stderr
            done = await connect(tmp_path, "matrix", "--replace", *more)
            assert done.returncode == 0, done.stdout
            assert "ok    as_token、user" in done.stdout
            bot.server.app[RELOAD]()
            token = load(tmp_path / "channels.toml")["matrix"]["as_token"]
            url = f"{server.url}/_matrix/client/v1/appservice/intercept/ping"
            headers = {"Authorization": f"Bearer {token}"}
            async with ClientSession() as session, session.post(url, json={}, headers=headers) as answer:
                assert (answer.status, "duration_ms" in await answer.text()) == (200, True)


async def test_a_section_that_nobody_can_read_is_not_written_to(tmp_path: Path) -> None:
    """A file that others can read, a name of another form, input that is no TOML: told, and nothing changed."""
    file = tmp_path / "channels.toml"
    file.write_text('[slack]\nbot_token = "x"\n')
    file.chmod(0o644)
    readable = await connect(tmp_path, "wecom", section='corp_id = "ww01"\n')
    odd = await connect(tmp_path, "wecom", "--name", "console", section='corp_id = "ww01"\n')
    broken = await connect(tmp_path, "wecom", "--name", "wecom", section="[corp")
    assert [done.returncode for done in (readable, odd, broken)] == [1, 1, 1]
    assert "chmod 600" in readable.stderr
    assert "console" in odd.stderr
    assert file.read_text() == '[slack]\nbot_token = "x"\n'
