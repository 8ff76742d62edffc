"""Every command of the contract, started as people start it; those beside a running bot are in `test_serve.py`."""

import json
import subprocess
from pathlib import Path

import pytest

from tests import started
from tests.started import run, well

SALE = {
    "after_sale_id": "7300000000000000001",
    "order_id": "6900000000000000001",
    "type": "refund_only",
    "status": "open",
    "in_arbitration": False,
    "applied_at": "2026-11-24T09:00:00+08:00",
    "refund_fen": 12900,
    "parcels": [
        {
            "tracking_number": "75400000000001",
            "carrier": "zto",
            "shipped_at": "2026-11-23T18:00:00+08:00",
            "items": [{"name": "棉质短袖", "category": "apparel", "quantity": 1, "price_fen": 12900}],
        }
    ],
}


def _file(folder: Path, *documents: object, name: str = "sales.jsonl") -> str:
    lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in documents]
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    return name


# --- shops, people, keys -------------------------------------------------------------------------------------------


def test_a_shop_is_entered_once(tmp_path: Path) -> None:
    """The second time, and an id of another form, are refused in words with exit 1."""
    assert well(tmp_path, "shop", "create", "own", "--name", "自营店") == "own\n"
    again = run(tmp_path, "shop", "create", "own", "--name", "自营店")
    odd = run(tmp_path, "shop", "create", "own shop", "--name", "自营店")
    assert [(done.returncode, done.stdout) for done in (again, odd)] == [(1, ""), (1, "")]
    assert "own" in again.stderr
    assert "letters" in odd.stderr


def test_a_person_gets_the_given_password_or_a_made_one(tmp_path: Path) -> None:
    """A password from standard input is not printed; one that was made is printed once and alone."""
    well(tmp_path, "shop", "create", "own", "--name", "自营店")
    add = ("person", "add", "--shop", "own", "--role", "owner")
    assert well(tmp_path, *add, "--login", "boss", stdin="correct horse\n") == ""
    made = well(tmp_path, *add, "--login", "other")
    assert len(made.strip()) >= 12
    assert made.count("\n") == 1
    taken = run(tmp_path, *add, "--login", "boss", stdin="correct horse\n")
    nowhere = run(
        tmp_path, "person", "add", "--shop", "none", "--role", "agent", "--login", "x", stdin="some password\n"
    )
    assert (taken.returncode, nowhere.returncode) == (1, 1)
    assert "boss" in taken.stderr
    assert "none" in nowhere.stderr


def test_somebody_leaves_and_returns(tmp_path: Path) -> None:
    """Each says what it did, once; the last owner stays, with what to do first; who has left gets no binding code."""
    well(tmp_path, "shop", "create", "own", "--name", "自营店")
    for login, role in (("boss", "owner"), ("lin", "agent")):
        well(tmp_path, "person", "add", "--shop", "own", "--role", role, "--login", login, stdin="correct horse\n")
    assert well(tmp_path, "person", "leave", "LIN") == "lin left\n"
    refused = [
        run(tmp_path, "person", *words)
        for words in (("leave", "lin"), ("code", "lin"), ("leave", "boss"), ("leave", "nobody"), ("return", "nobody"))
    ]
    assert [(done.returncode, done.stdout) for done in refused] == [(1, "")] * 5
    said = ["已经停用了", "已经停用了", "最后一个主账号", "没有登录名 nobody", "没有登录名 nobody"]
    assert [words for done, words in zip(refused, said, strict=True) if words not in done.stderr] == []
    assert "intercept-bot person add --shop own" in refused[2].stderr
    assert well(tmp_path, "person", "return", "lin") == "lin returned\n"
    again = run(tmp_path, "person", "return", "lin")
    assert (again.returncode, again.stdout, "没有停用" in again.stderr) == (1, "", True)
    well(tmp_path, "person", "add", "--shop", "own", "--role", "owner", "--login", "two", stdin="correct horse\n")
    (tmp_path / "channels.toml").write_text("[", "utf-8")
    assert well(tmp_path, "person", "leave", "boss") == "boss left\n", "a wrong file keeps nobody in the shop"


def test_a_key_is_shown_once(tmp_path: Path) -> None:
    """The key is the last line of standard output and nowhere else; the list shows its id, scopes and state."""
    well(tmp_path, "shop", "create", "own", "--name", "自营店")
    scopes = ("--scope", "interceptions:write", "--scope", "data:write")
    created = run(tmp_path, "apikey", "create", "--shop", "own", *scopes, "--name", "erp")
    key = created.stdout.splitlines()[-1]
    assert created.returncode == 0
    assert key not in created.stderr
    listed = well(tmp_path, "apikey", "list")
    assert "data:write interceptions:write" in listed
    assert key not in listed
    key_id = listed.split()[0]
    assert well(tmp_path, "apikey", "revoke", key_id) == f"{key_id} revoked\n"
    again = run(tmp_path, "apikey", "revoke", key_id)
    assert (again.returncode, again.stdout) == (1, "")
    assert "revoked" in well(tmp_path, "apikey", "list")


def test_no_key_for_a_shop_that_is_not_there(tmp_path: Path) -> None:
    """Exit 1 with words, and nothing that could pass for a key."""
    done = run(tmp_path, "apikey", "create", "--shop", "nobody", "--scope", "ledger:read")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody" in done.stderr


# --- import ----------------------------------------------------------------------------------------------------------


def test_an_import_keeps_the_good_and_names_the_bad(tmp_path: Path) -> None:
    """Accepted and rejected are counted, each rejected line has its number and why; 0 as long as one was taken."""
    well(tmp_path, "shop", "create", "own", "--name", "自营店")
    name = _file(tmp_path, SALE, {**SALE, "type": "gift"}, "{", {**SALE, "after_sale_id": "2"})
    done = run(tmp_path, "import", name)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[-1] == "accepted 2, rejected 2"
    assert [line.partition(":")[0] for line in lines[:-1]] == ["2", "3"]
    assert "type" in lines[0]


def test_an_import_of_nothing_good_fails(tmp_path: Path) -> None:
    """Exit 1 when nothing was accepted; which shop is meant must be clear; a missing file is a wrong use."""
    well(tmp_path, "shop", "create", "own", "--name", "自营店")
    assert run(tmp_path, "import", _file(tmp_path, "[]")).returncode == 1
    assert run(tmp_path, "import", _file(tmp_path, SALE), "--shop", "none").returncode == 1
    assert run(tmp_path, "import", "missing.jsonl").returncode == 2
    well(tmp_path, "shop", "create", "second", "--name", "二店")
    unclear = run(tmp_path, "import", "sales.jsonl")
    assert unclear.returncode == 1
    assert "own" in unclear.stderr
    assert well(tmp_path, "import", "sales.jsonl", "--shop", "second") == "accepted 1, rejected 0\n"


# --- the line protocols ----------------------------------------------------------------------------------------------

ODD = [b'{"text": "/help"}', b"", b"{", b"[1]", b"null", b'{"words": "/help"}', b'{"text": 7}', b"\xff\xfe", b"  "]


@pytest.mark.parametrize(
    "command, silent",
    [("parse", "null"), ("faq", '{"intents": []}'), ("stage", '{"stage": "unknown"}')],
)
def test_odd_lines_get_an_answer_each(tmp_path: Path, command: str, silent: str) -> None:
    """One line out for each line in, in order, whatever it holds; blank lines are none."""
    lines = well(tmp_path, command, stdin=b"\n".join(ODD) + b"\n").splitlines()
    assert len(lines) == len([line for line in ODD if line.strip()])
    assert all(isinstance(json.loads(line), dict | None) for line in lines)
    assert lines[1:5] == [silent] * 4
    assert lines[-1] == silent


def test_commands_are_read(tmp_path: Path) -> None:
    """`parse` tells the command and its ids; what is no command is null."""
    texts = ["/intercept 75400000000001", "/拦截 7300000000000000001", "/grant newcomer", "今天天气不错"]
    out = well(tmp_path, "parse", stdin="".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert [json.loads(line) for line in out.splitlines()] == [
        {"command": "intercept", "ids": ["75400000000001"]},
        {"command": "intercept", "ids": ["7300000000000000001"]},
        {"command": "grant", "ids": []},
        None,
    ]


def test_stages_are_read(tmp_path: Path) -> None:
    """`stage` tells where a line of a trace says that the parcel is."""
    line = {"text": "【杭州】快件已由快递员派送中", "carrier": "zto"}
    assert well(tmp_path, "stage", stdin=json.dumps(line) + "\n") == '{"stage": "out_for_delivery"}\n'


def test_questions_are_read(tmp_path: Path) -> None:
    """`faq` tells what is asked about, and stays silent otherwise."""
    lines = [{"text": "快递拦截怎么收费？"}, {"text": "你好"}]
    out = well(tmp_path, "faq", stdin="".join(json.dumps(line) + "\n" for line in lines))
    asked, silent = (json.loads(line)["intents"] for line in out.splitlines())
    assert asked
    assert silent == []


def test_an_answer_comes_before_the_next_line(tmp_path: Path) -> None:
    """Each answer is flushed: who waits for it before sending more is not kept waiting."""
    process = subprocess.Popen(
        [*started.COMMAND, "parse"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env=started.environment(tmp_path),
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(b'{"text": "/help"}\n')
            process.stdin.flush()
            assert process.stdout.readline() == b'{"command": "help", "ids": []}\n'
        process.stdin.close()
        assert process.wait(20) == 0


def test_line_filters_need_no_database(tmp_path: Path) -> None:
    """`parse` and `stage` load neither the tables nor the web server: they start in a fraction of a second."""
    code = (
        "import io, sys, bot.cli; sys.stdin = io.TextIOWrapper(io.BytesIO(b'{}'));"
        "bot.cli.main([sys.argv[1]], standalone_mode=False);"
        "assert not {'sqlalchemy', 'aiohttp', 'alembic', 'structlog'} & sys.modules.keys(), 'heavy'"
    )
    for command in ("parse", "stage"):
        subprocess.run(
            [started.COMMAND[0], "-c", code, command],
            check=True,
            capture_output=True,
            cwd=tmp_path,
            env=started.environment(tmp_path),
            timeout=started.LIMIT_S,
        )
    assert not (tmp_path / "intercept.db").exists()


# --- what is refused before it starts --------------------------------------------------------------------------------


def test_the_demo_needs_a_sandbox(tmp_path: Path) -> None:
    """`serve --demo` without `SANDBOX_URL` says what is missing, and which command brings it along."""
    done = run(tmp_path, "serve", "--demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert "SANDBOX_URL" in done.stderr
    assert "intercept-bot demo" in done.stderr


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    """One line each, not one start each; the command ends with 1 before it does anything."""
    done = run(tmp_path, "serve", PORT="x", BOT_WATCH_DAYS="0", BOT_STOP_GRACE_S="60")
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "PORT",
        "BOT_WATCH_DAYS",
        "BOT_STOP_GRACE_S",
    ]


@pytest.mark.parametrize("args", [("serve",), ("apikey", "list"), ("demo",)])
def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, args: tuple[str, ...]) -> None:
    """A data folder that cannot be made ends every command in words."""
    (tmp_path / "file").write_text("")
    done = started.run(tmp_path, *args, BOT_DATA=str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("args", [("serve",), ("apikey", "list")])
def test_a_database_that_is_not_there_is_named(tmp_path: Path, args: tuple[str, ...]) -> None:
    """A PostgreSQL that nobody runs ends the command in words, with its address but without its password."""
    address = "postgresql://bot:hush@127.0.0.1:1/bot"
    done = run(tmp_path, *args, DATABASE_URL=address)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr
