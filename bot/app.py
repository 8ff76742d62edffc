"""The table of contents: every room is made here, handed its neighbours, started and stopped.

Read `build` from top to bottom and you know the house. Nothing else knows every room but the command line.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot.api.health import mount_health, request_times
from bot.api.limits import RateLimit
from bot.api.parts import Parts
from bot.api.routes import mount as mount_api
from bot.background import Background
from bot.cards import words
from bot.cards.card import CardParcel
from bot.cards.parcel import card_parcel
from bot.cards.views import Draw
from bot.carriers import routing
from bot.carriers.contract import ConfigurationError
from bot.carriers.routing import RouteTable
from bot.channels import configuration, webhooks
from bot.channels import registry as chat_tools
from bot.channels.configuration import ChannelsError
from bot.channels.console.channel import ConsoleChannel
from bot.channels.console.inbound import ConsoleChat
from bot.channels.listeners import Listeners
from bot.channels.posting import Posting
from bot.channels.reception import Reception
from bot.channels.table import ChannelTable
from bot.console.house import Demo, House
from bot.console.mount import mount as mount_console
from bot.domain.people import Asker
from bot.domain.reason import Reason
from bot.faq.trial import Trial
from bot.handlers import views
from bot.handlers.contract import Desk
from bot.handlers.grammar import parse
from bot.handlers.rooms import Rooms
from bot.handlers.router import Router
from bot.interception.advance import Advance
from bot.interception.batch import Batches
from bot.interception.due import CALLS, Looks, recover
from bot.interception.entering import Entering
from bot.interception.facts import Candidate
from bot.interception.pace import Pace
from bot.interception.service import Interceptions
from bot.interception.settled import Settled
from bot.merchants import people, permissions
from bot.merchants.keys import Keys
from bot.merchants.sessions import Limits, Sessions
from bot.operation.alarms import HeardRoutes
from bot.operation.figures import Figures
from bot.operation.requests import follow as follow_requests
from bot.outbound import Outbound
from bot.pushes.door import Door
from bot.pushes.door import mount as mount_pushes
from bot.pushes.notices import Notices
from bot.rules.rulebook import Reload, RuleBook, RuleSet
from bot.runners.contract import CASE, Runner, Work
from bot.runners.local import LocalRunner
from bot.sample import loading as sample
from bot.settings import Settings
from bot.shops import registry as platforms
from bot.shops.embedded.intake import EmbeddedIntake
from bot.shops.registry import ShopTable
from bot.store import migrate
from bot.store.alone import while_alone
from bot.store.batches import BATCHES_DUE
from bot.store.cards import INBOX_DUE, OUTBOX_DUE
from bot.store.chats import is_on
from bot.store.database import Database, PostgresDatabase, open_database
from bot.store.notices import NOTICES_DUE
from bot.store.ready import keep_one
from bot.store.sweeping import keep_swept

log = structlog.get_logger(__name__)

ROUTES = ("zto", "yto", "yunda", "doudian")
"""The names that records know routes by; each has its own rate of looks."""

LOOK_PERIOD_S = 0.25
TICK_S = 1.0
ROUTES_FILE = "shops.toml"
VERSION = "0.1.0"
RELOAD: web.AppKey[Callable[[], None]] = web.AppKey("reload")
"""Reads the routes and the chat tools again (SIGHUP)."""
DESK: web.AppKey[Desk] = web.AppKey("desk")
"""What every channel hands its messages to."""


@dataclass(slots=True)
class Rules:
    """The rules that hold now; an edited file takes effect by itself, a wrong edit is reported and changes nothing."""

    book: RuleBook

    def __call__(self) -> RuleSet:
        """What holds at this moment."""
        return self.book.at(datetime.now(UTC))

    async def follow(self) -> None:
        """Looks at the file every few seconds."""
        while True:
            await asyncio.sleep(5)
            found = self.book.reload_if_changed()
            if found is not Reload.UNCHANGED:
                log.info("rules.edited", found=found.value, problem=self.book.problem)


@dataclass(slots=True)
class _Reading:
    """SIGHUP: each file that is right takes effect at once; a wrong one is reported and changes nothing."""

    settings: Settings
    outbound: Outbound
    routes: RouteTable
    shops: ShopTable
    chats: ChannelTable
    listeners: Listeners
    background: Background
    times: int = 0

    def again(self) -> None:
        """Reads `shops.toml` and `channels.toml`."""
        self._routes()
        self._channels()

    def _routes(self) -> None:
        try:
            new_routes, new_shops = _ways_out(self.settings, self.outbound)
        except ConfigurationError as problem:
            log.error("routes.not_taken", problem=str(problem))  # noqa: TRY400 - the words say all
            return
        self.routes.adopt(new_routes)
        self.shops.adopt(new_shops)
        log.info("routes.taken", count=len(self.routes.all()))

    def _channels(self) -> None:
        try:
            changed = self.chats.read(configuration.load(self.settings.data / configuration.FILE))
        except ChannelsError as problem:
            log.error("channels.not_taken", problem=str(problem))  # noqa: TRY400 - the same
            return
        log.info("channels.taken", count=len(self.chats.sections), changed=changed)
        if changed:
            self.times += 1  # a name of its own: the second of two in a row must not be dropped
            self.background.run(f"listeners:{self.times}", self.listeners.adopt(list(self.chats.channels.values())))


async def build(settings: Settings) -> web.Application:
    """The whole house, not yet serving. Raises what `serve` tells in words."""
    await asyncio.to_thread(migrate.upgrade, settings.database)
    database = open_database(settings.database, serve=True)
    rules = Rules(RuleBook.load(settings.rules_file))
    background = Background()

    # the ways out
    figures = Figures(database.waiting, lambda: runner.false_deaths())  # noqa: PLW0108 - made below
    outbound = Outbound(limit_s=settings.call_timeout_s, observe=figures.called)
    routes, shop_table = _ways_out(settings, outbound)
    heard = HeardRoutes(routes, figures.alarm, urgent=not settings.demo)

    # the heart, and who moves it on
    pace = Pace.of(settings.call_timeout_s, settings.doubt_quiet_s, settings.unavailable_s, settings.watch_days)
    settled = Settled()
    advance = Advance(database, heard, pace, settled)
    entering = Entering(database, None if settings.demo else shop_table, pace)
    looks = max(round(settings.looks_per_s * (TICK_S if database.shared else LOOK_PERIOD_S)), 1)
    # The runner is made before the desk that it moves: each name is looked up when a row comes due.
    works = [
        Work("calls", CASE, CALLS, advance),
        Work("inbox", "message", INBOX_DUE, lambda seq: desk.handle(seq)),  # noqa: PLW0108
        Work("notices", "notice", NOTICES_DUE, Notices(database, entering)),
        Work("batches", "batch", BATCHES_DUE, lambda row: batches.advance(row)),  # noqa: PLW0108
        Work("cards", "card", OUTBOX_DUE, lambda seq: posting(seq)),  # noqa: PLW0108
        Work("looks", CASE, Looks(ROUTES, looks), advance, at_most=looks * len(ROUTES), paced=True),
    ]
    runner = _runner(settings, database, works)
    interceptions = Interceptions(database, heard, rules, pace, runner, advance, settled, entering)
    batches = Batches(database, interceptions)

    # the desk and its doors
    chats = _chat_tools(settings, Reception(database, lambda: desk, _is_command, background), outbound)
    channels = chats.channels
    listeners = Listeners(channels.values(), lambda name, work: while_alone(database, name, work), figures.line)
    rooms = Rooms(
        database,
        interceptions,
        batches,
        rules,
        settings.call_timeout_s,
        speaks_first=lambda name: name in channels and channels[name].facts.speaks_first,
    )
    desk = Router(rooms, chats.deliver)
    posting = Posting(database, desk, channels, _find_asker)
    intake = EmbeddedIntake(database, interceptions.on_trace)
    limits = Limits(
        timedelta(hours=settings.session_hours),
        settings.sign_in_tries,
        timedelta(minutes=settings.sign_in_lock_minutes),
    )

    app = web.Application(client_max_size=32 * 1024 * 1024)
    follow_requests(app)
    mount_health(
        app,
        {"database": lambda: _answers(database), "engine": runner.is_running},
        figures.registry,
        lambda: figures.read(database),
        listeners.told,
    )
    webhooks.mount(app, channels)
    mount_pushes(app, Door(routes, shop_table, interceptions, database, figures.pushed))
    mount_api(
        app,
        Parts(
            interceptions,
            Keys(database),
            intake,
            database,
            lambda reason, lang, carrier: _describe(reason, lang, carrier, rules()),
            RateLimit(settings.api_rate, settings.api_burst),
        ),
        version=VERSION,
        observe=request_times(figures.registry),
    )
    mount_console(
        app,
        House(
            database=database,
            desk=desk,
            chat=ConsoleChat(desk),
            interceptions=interceptions,
            batches=batches,
            sessions=Sessions(database, limits),
            rules=rules,
            words=words,
            parcel_card=lambda candidate, number, lang, now: _parcel_card(candidate, number, lang, now, rules()),
            faq=Trial(),
            demo=Demo() if settings.demo else None,
            limits=limits,
            frames=chats.frames,
            channel_names=chats.titles,
            talks_of_two=chats.talks_of_two,
        ),
    )

    async def running(_app: web.Application) -> AsyncIterator[None]:
        async with outbound:
            fresh = settings.demo and await sample.load(database, rules())
            if not database.shared:
                await database.write(recover)
            await runner.start()
            _keep_house(background, rules, database)
            if settings.demo:
                background.run("sample", sample.show(database, interceptions, settings.sandbox_url, fresh=fresh))
            async with listeners:
                yield
            await runner.stop(settings.stop_grace_s)
            await background.stop(0)
        await database.close()

    app.cleanup_ctx.append(running)
    app[DESK] = desk
    app[RELOAD] = _Reading(settings, outbound, routes, shop_table, chats, listeners, background).again
    return app


def _ways_out(settings: Settings, outbound: Outbound) -> tuple[RouteTable, ShopTable]:
    """Every shop's routes, from the sandbox in the demo, else from `shops.toml`; raises `ConfigurationError`."""
    config = routing.demo_config(settings.sandbox_url) if settings.demo else routing.load(settings.data / ROUTES_FILE)
    common = config.everyone.platform if config.everyone is not None else None
    shop_table = platforms.build(config.platforms, outbound, everyone=common)
    return routing.build(config, outbound, shop_table.route), shop_table


def _chat_tools(settings: Settings, reception: Reception, outbound: Outbound) -> ChannelTable:
    """The console, and one channel for each section of `channels.toml`; raises `ChannelsError`."""
    pages = settings.public_url
    table = ChannelTable(ConsoleChannel(), lambda wanted: chat_tools.build(wanted, reception, outbound, pages))
    table.read(configuration.load(settings.data / configuration.FILE))
    return table


def _is_command(words: str) -> bool:
    return parse(words) is not None


def _runner(settings: Settings, database: Database, works: list[Work]) -> Runner:
    """The one that fits the database."""
    if isinstance(database, PostgresDatabase):
        from bot.runners.jobs import Liveness  # noqa: PLC0415 - needs the extra, which SQLite does without
        from bot.runners.shared import SharedRunner  # noqa: PLC0415 - the same

        liveness = Liveness(settings.heartbeat_s, settings.stalled_s)
        # Longer than a reading and a call together: what a dead process had claimed waits no longer than this.
        lease = timedelta(seconds=4 * settings.call_timeout_s + 10)
        return SharedRunner(database, works, slots=settings.call_slots_shared, lease=lease, liveness=liveness)
    return LocalRunner(database, works, slots=settings.call_slots, period_s=LOOK_PERIOD_S)


def _keep_house(background: Background, rules: Rules, database: Database) -> None:
    """What goes on beside everything else: the rules file is looked at, and what is old goes."""
    background.run("rules", rules.follow())
    background.run("sweeping", keep_swept(database))


async def _answers(database: Database) -> bool:
    """Whether the database keeps what it is given."""
    await database.write(keep_one)
    return True


def _find_asker(connection: Connection, shop_id: str, person_id: str | None, channel: str) -> Asker | None:
    """A person of that shop with the permissions of this moment; whoever has left draws and asks for nothing."""
    person = None if person_id is None else people.get(connection, person_id)
    if person is None or not person.active or person.shop_id != shop_id or not is_on(connection, person.id, channel):
        return None
    return permissions.asker(connection, person)


def _describe(reason: Reason, lang: str, carrier: str, rules: RuleSet) -> tuple[str, str | None]:
    told = words.reason(reason, lang, carrier=rules.carrier_name(carrier).of(lang))
    return told.text, told.fix or None


def _parcel_card(candidate: Candidate, number: int, lang: str, at: datetime, rules: RuleSet) -> CardParcel:
    view = views.parcel_view(candidate, rules, lang)
    return card_parcel(view, candidate.after_sale, number, Draw(lang, at))
