"""A real homeserver: Synapse as a child process on loopback, with our bot registered as an application service."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.twin import free_port

SERVER = "shop.example"
BOT = f"@intercept:{SERVER}"
HS_TOKEN, AS_TOKEN = "hs-token-for-tests", "as-token-for-tests"
RATE = {"per_second": 10_000, "burst_count": 10_000}


@dataclass(frozen=True)
class Synapse:
    """A running homeserver."""

    url: str
    secret: str

    async def person(self, name: str) -> str:
        """Registers somebody; returns the password."""
        password = secrets.token_hex(8)
        address = f"{self.url}/_synapse/admin/v1/register"
        async with aiohttp.ClientSession() as session:
            async with session.get(address) as response:
                nonce = (await response.json())["nonce"]
            words = f"{nonce}\0{name}\0{password}\0notadmin".encode()
            body = {"nonce": nonce, "username": name, "password": password, "admin": False}
            body["mac"] = hmac.new(self.secret.encode(), words, hashlib.sha1).hexdigest()
            async with session.post(address, json=body) as response:
                assert response.status == 200, await response.text()
        return password

    def section(self) -> str:
        """What `channels.toml` says of it."""
        return (
            f'[matrix]\nhomeserver_url = "{self.url}"\nserver_name = "{SERVER}"\nuser = "{BOT}"\n'
            f'as_token = "{AS_TOKEN}"\nhs_token = "{HS_TOKEN}"\n'
        )


@contextlib.asynccontextmanager
async def running(folder: Path, bot_url: str, registration: Path | None = None) -> AsyncIterator[Synapse]:
    """Starts it, waits until it answers, ends it. `registration`: that of the bot, in place of our own."""
    port, secret = free_port(), secrets.token_hex(16)
    config = _write(folder, port, secret, bot_url, registration)
    with (folder / "out").open("w") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "synapse.app.homeserver", "-c", str(config), cwd=folder, stdout=out, stderr=out
        )
        try:
            synapse = Synapse(f"http://127.0.0.1:{port}", secret)
            await _ready(synapse.url, process, folder)
            yield synapse
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                await process.wait()


def _write(folder: Path, port: int, secret: str, bot_url: str, registration: Path | None) -> Path:
    folder.mkdir()
    service = {
        "id": "intercept",
        "url": f"{bot_url}/channels/matrix",
        "as_token": AS_TOKEN,
        "hs_token": HS_TOKEN,
        "sender_localpart": "intercept",
        "rate_limited": False,
        "namespaces": {"users": [{"exclusive": True, "regex": BOT}], "aliases": [], "rooms": []},
    }
    (folder / "service.yaml").write_text(json.dumps(service))
    key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    (folder / "signing.key").write_text(f"ed25519 a_test {key}\n")
    log = {"version": 1, "root": {"level": "ERROR"}, "disable_existing_loggers": False}
    (folder / "log.yaml").write_text(json.dumps(log))
    config = {
        "server_name": SERVER,
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "listeners": [
            {
                "port": port,
                "type": "http",
                "bind_addresses": ["127.0.0.1"],
                "resources": [{"names": ["client"], "compress": False}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "hs.db")}},
        "log_config": str(folder / "log.yaml"),
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret": secret,
        "macaroon_secret_key": secret,
        "form_secret": secret,
        "report_stats": False,
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "federation_domain_whitelist": [],
        "presence": {"enabled": False},
        "app_service_config_files": [str(registration or folder / "service.yaml")],
        "bcrypt_rounds": 4,
        "rc_message": RATE,
        "rc_registration": RATE,
        "rc_login": {"address": RATE, "account": RATE, "failed_attempts": RATE},
        "rc_joins": {"local": RATE, "remote": RATE},
        "rc_invites": {"per_room": RATE, "per_user": RATE, "per_issuer": RATE},
    }
    path = folder / "hs.yaml"
    path.write_text(json.dumps(config))
    return path


async def _ready(url: str, process: asyncio.subprocess.Process, folder: Path) -> None:
    ends = time.monotonic() + 60
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < ends:
            assert process.returncode is None, (folder / "out").read_text()
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with session.get(f"{url}/_matrix/client/versions") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)
    raise AssertionError("the homeserver did not answer within 60 s")
