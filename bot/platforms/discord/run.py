"""Puts Earshot on Discord together, and keeps it there until it is told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.commands import Commands
from bot.commands.answer import counted
from bot.config import Settings
from bot.messages import ConversationKey
from bot.pipeline import Pipeline
from bot.platforms.again import AGAIN_EVERY_S, post_waiting, wake_undecided
from bot.platforms.clock import PlatformClock
from bot.platforms.crowds import Crowds
from bot.platforms.discord.application import payload_in_all_languages
from bot.platforms.discord.asking import Asking
from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.client import EarshotClient, Parts
from bot.platforms.discord.crowds import PlaceCrowds
from bot.platforms.discord.ears import Ears
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.interactions import Interactions
from bot.platforms.discord.invite import invite_url
from bot.platforms.discord.keys import PLATFORM, shard_of
from bot.platforms.discord.places import Places
from bot.platforms.discord.platform import DiscordPlatform
from bot.platforms.discord.pointed_at import PointedAt
from bot.platforms.discord.reactions import Reactions
from bot.platforms.discord.reading import read_text
from bot.platforms.discord.removals import Removals
from bot.platforms.discord.sharded import Shards
from bot.platforms.discord.supervisor import keep_connected
from bot.platforms.discord.sweeping import Sweeps
from bot.platforms.discord.sync import Registration
from bot.platforms.discord.trying import trying
from bot.platforms.discord.vanished import Vanished
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.memory import Memory
from bot.platforms.opinions import Opinions
from bot.platforms.speaking import addressed_by
from bot.platforms.workspaces import Workspaces
from bot.runtime import ServedModel, new_pipeline, utc_now
from bot.store import Store

logger = logging.getLogger(__name__)

TITLE = "Discord"
Say = Callable[[str], None]


@dataclass(slots=True)
class DiscordBot:
    """Everything that serves Discord. `client` is the one of the moment, None before the login.

    `local_clock` gives this machine's time, as aware UTC times; it may be wrong.
    """

    settings: Settings
    store: Store
    served: ServedModel
    say: Say
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    local_clock: Callable[[], datetime] = utc_now
    client: EarshotClient | None = field(init=False, default=None)
    clock: PlatformClock = field(init=False)
    shards: Shards | None = field(init=False)
    platform: DiscordPlatform = field(init=False)
    pipeline: Pipeline = field(init=False)
    commands: Registration = field(init=False)
    parts: Parts = field(init=False)
    _resumed: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Make the parts, from the platform up to whoever hears its events."""
        self.clock = PlatformClock(self.local_clock, TITLE)
        shards = self.settings.discord_shards
        self.shards = Shards.read(shards) if shards else None
        self.platform = DiscordPlatform(
            trying=trying(lambda: self.client, sleep=self.sleep),
            outbox=self.store.outbox,
            channels=self.store.channels,
            is_addressed=addressed_by(self.store.decisions),
            started_at=self.clock.now(),
        )
        self.pipeline = new_pipeline(
            self.settings,
            self.platform,
            store=self.store,
            served=self.served,
            clock=self.clock.now,
            owns=self.owns,
        )
        only_in = self.settings.discord_command_guild
        self.commands = Registration(
            self.store.notes,
            payload_in_all_languages(self.pipeline.me.name),
            guild_id=int(only_in) if only_in else None,
        )
        self.parts = self._parts()

    def owns(self, where: ConversationKey) -> bool:
        """Tell whether this process serves a conversation, or one with other shards does."""
        shards = self.shards
        return shards is None or shard_of(where, num_shards=shards.count) in shards.ids

    def hears(self) -> bool:
        """Tell whether each shard has its connection now."""
        client = self.client
        return client is not None and client.is_ready() and not client.has_closed_shards()

    async def serve(self, token: str) -> None:
        """Serve until cancelled. Raises ConfigError for what a person has to mend."""
        try:
            async with asyncio.TaskGroup() as tasks:
                again = tasks.create_task(self._try_again_for_ever(), name="try again")
                connected = tasks.create_task(
                    keep_connected(self._new_client, token, sleep=self.sleep), name="connected"
                )
                try:
                    await asyncio.shield(connected)
                finally:
                    again.cancel()
                    await self._fall_silent()  # while there is a connection to do it over
                    connected.cancel()
        except* Exception as errors:  # noqa: BLE001 - a group of one, which is no news to anybody
            raise errors.exceptions[0] from None

    async def _fall_silent(self) -> None:
        """Stop hearing, answering and deciding; the next start takes up where this one ends."""
        await self.parts.handling.stop()
        await self.pipeline.conversations.stop()
        await self.platform.close()

    def _parts(self) -> Parts:
        name, memory, turns = self.pipeline.me.name, Memory(self.store), InOrder()
        opinions, places = Opinions(self.store, self.clock.now), Places(self.store)
        grace = timedelta(days=self.settings.left_after_days)
        workspaces = Workspaces(self.store, PLATFORM, self.clock.now, grace, called="server")
        catch_up = CatchUp(
            self.store, self.pipeline, memory, turns, name=name, clock=self.clock.now
        )
        pointed_at = PointedAt()
        ears = Ears(
            store=self.store,
            pipeline=self.pipeline,
            platform=self.platform,
            places=places,
            turns=turns,
            memory=memory,
            catch_up=catch_up,
            reactions=Reactions(opinions),
            removals=Removals(opinions, self.clock.now),
            crowds=PlaceCrowds(Crowds(turns, TITLE), places, catch_up),
            reader=read_text,
            name=name,
            pointed_at=pointed_at,
        )
        asking = Asking(
            pipeline=self.pipeline,
            receive=ears.asked,
            register=self.platform.responders.register,
            hear=ears.record,
            settled=self.pipeline.conversations.settled,
            kept=memory,
            pointed_at=pointed_at,
        )
        commands = Commands(store=self.store, model=self.served.model, me=self.pipeline.me)
        interactions = Interactions(commands, asking, name, self.clock.now)
        return Parts(
            logged_in=self._logged_in,
            ready=self._ready,
            interaction=interactions.handle,
            ears=ears,
            guilds=Guilds(self.store, self.platform, workspaces, self.commands.lost),
            catch_up=catch_up,
            sweeps=Sweeps(self.store, self.pipeline, catch_up, self.clock.now),
            vanished=Vanished(self.store, forget=ears.place_deleted),
        )

    def _new_client(self) -> EarshotClient:
        return EarshotClient(
            self.parts,
            clock=self.clock,
            shards=self.shards,
            gateway=self.settings.discord_gateway,
        )

    async def _logged_in(self, client: EarshotClient) -> None:
        """Go on where a stop ended, before any event comes."""
        self.client = client
        if not self._resumed.is_set():
            if client.application_id is not None:
                link = invite_url(client.application_id)
                self.say(f"Invite it to a server with this link: {link}")
            self.platform.started_at = self.clock.now()  # by now, as Discord counts the time
            begin = partial(self.parts.guilds.begin, self.settings.new_channel_mode)
            await insisted(begin, "in which mode channels start", sleep=self.sleep)
            await insisted(self.pipeline.tidy, "what a stop left behind", sleep=self.sleep)
            self._resumed.set()

    async def _ready(self, client: EarshotClient) -> None:
        """Say where it is, tell Discord the commands if they changed, and forget who is gone."""
        servers = counted(len(client.guilds), "server")
        self.say(f"Connected to Discord as {client.user}, in {servers}.")
        await self.commands.tell(client)
        await self._purge(client)

    async def _try_again_for_ever(self) -> None:
        """Post what a stop left unposted, and again and again what could not be done before."""
        await self._resumed.wait()
        await self._try(self._deliver)
        while True:
            await self.sleep(AGAIN_EVERY_S)
            await self._try(self._try_again)

    async def _try(self, what: Callable[[EarshotClient], Awaitable[None]]) -> None:
        if self.client is None or self.client.is_closed():
            return
        try:
            await what(self.client)
        except Exception:  # the top of a task: the next time may go better
            logger.exception("Discord: what had to wait waits on")

    async def _deliver(self, _client: EarshotClient) -> None:
        await post_waiting(self.pipeline, self.sleep)

    async def _try_again(self, client: EarshotClient) -> None:
        await self._deliver(client)
        await self.parts.catch_up.try_again(client)
        await wake_undecided(self.pipeline, self.sleep)
        await self.commands.try_again(client)
        await self._purge(client)
        await self.parts.vanished.ask(client)

    async def _purge(self, client: EarshotClient) -> None:
        purge = partial(self.parts.guilds.purge, client, client.ready_shards)
        await insisted(purge, "which servers are gone for good", sleep=self.sleep)
