"""The connection to Discord: discord.py's client, which hands each event on and keeps nothing.

Which events it asks Discord for stands here; of the privileged intents only the content of messages.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord

from bot.platforms.clock import PlatformClock
from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.ears import Ears
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.keys import channel_key, conversation_of
from bot.platforms.discord.sharded import ShardedClient, Shards
from bot.platforms.discord.sweeping import Sweeps
from bot.platforms.discord.vanished import Vanished
from bot.platforms.handling import Handling
from bot.platforms.insist import insisted

logger = logging.getLogger(__name__)

# It speaks in writing only: discord.py need not warn that the packages for voice are missing.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False

INTENTS = discord.Intents(
    guilds=True,
    guild_messages=True,
    dm_messages=True,
    message_content=True,
    guild_reactions=True,
    dm_reactions=True,
    moderation=True,  # new entries of the audit log
)
MAX_RATELIMIT_WAIT_S = 30.0  # the shortest that discord.py takes; a longer wait is told as an error


@dataclass(frozen=True, slots=True)
class Parts:
    """Whoever deals with what happens. `logged_in` is awaited before any event comes."""

    logged_in: Callable[["EarshotClient"], Awaitable[None]]
    ready: Callable[["EarshotClient"], Awaitable[None]]
    interaction: Callable[[discord.Interaction], Awaitable[None]]
    ears: Ears
    guilds: Guilds
    catch_up: CatchUp
    sweeps: Sweeps
    vanished: Vanished
    handling: Handling = field(default_factory=Handling)


class EarshotClient(ShardedClient):
    """One connection to Discord, which hands each event to `parts`."""

    def __init__(
        self,
        parts: Parts,
        *,
        clock: PlatformClock,
        shards: Shards | None = None,
        gateway: str | None = None,
    ) -> None:
        super().__init__(
            shards=shards,
            gateway=gateway,
            intents=INTENTS,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=MAX_RATELIMIT_WAIT_S,
            http_trace=_dates_seen_by(clock),
        )
        self._parts = parts
        self.ready_shards: set[int] = set()  # whose servers are known

    async def setup_hook(self) -> None:
        """Take up what a stop left behind, before anything new comes."""
        await self._parts.logged_in(self)

    async def on_shard_connect(self, shard_id: int) -> None:
        """Note a new session: its places have gaps."""
        self.ready_shards.discard(shard_id)
        self._parts.catch_up.session_began(shard_id)

    async def on_shard_ready(self, shard_id: int) -> None:
        """Note which servers there are, fetch what was missed, and greet those that are new."""
        if self.is_closed():  # discord.py still tells it seconds later
            return
        self.ready_shards.add(shard_id)
        guilds = [each for each in self.guilds if each.shard_id == shard_id]
        await self._insist_all_joined(guilds)
        missing = partial(self._parts.guilds.missing, self, shard_id)
        await insisted(missing, "which servers are gone")
        await self._parts.sweeps.shard(self, shard_id)
        await self._insist_greeted(guilds)
        await self._look_for_vanished(guilds)

    async def on_ready(self) -> None:
        """Tell that all servers are known."""
        if self.is_closed():
            return
        # First: where it is new, or back, Discord has to be told the commands of that server anew.
        all_joined = partial(self._parts.guilds.all_joined, self.guilds)
        await insisted(all_joined, "which servers it is in")
        await self._parts.ready(self)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Tell that a dropped connection is back, with nothing missed."""
        logger.info("Discord: shard %d is back, nothing was missed", shard_id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet a server that invited the bot."""
        await self._insist_joined(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Fetch what was missed in a server that had an outage; at a start, the shard does that."""
        if guild.shard_id in self.ready_shards:
            # Before anything is waited for: what is said from now on must not hide the gap.
            self._parts.catch_up.server_is_back(guild.id)
            await self._insist_all_joined([guild])
            await self._parts.sweeps.server(self, guild)
            await self._insist_greeted([guild])
            await self._look_for_vanished([guild])

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        """Look whether a new channel is hidden."""
        await self._rights_changed(channel.guild)

    async def on_guild_channel_update(
        self, _: discord.abc.GuildChannel, channel: discord.abc.GuildChannel
    ) -> None:
        """Look what can be seen, now that a channel has changed."""
        await self._rights_changed(channel.guild)

    async def on_thread_join(self, thread: discord.Thread) -> None:
        """Note since when a thread can be seen that others were in before."""
        let_in = self._parts.catch_up.seeing.let_in
        await insisted(lambda: let_in(thread), f"since when {thread.name} can be seen")

    async def on_guild_role_update(self, _: discord.Role, role: discord.Role) -> None:
        """Look what can be seen, now that a role has changed."""
        await self._rights_changed(role.guild)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Look what can be seen, now that a role is gone."""
        await self._rights_changed(role.guild)

    async def on_member_update(self, _: discord.Member, member: discord.Member) -> None:
        """Look what can be seen, now that the bot has other roles; nobody else's are told."""
        await self._rights_changed(member.guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that a server removed the bot."""
        await insisted(lambda: self._parts.guilds.left(guild), f"the end in {guild.name}")

    async def on_message(self, message: discord.Message) -> None:
        """Hear a message."""
        await self._parts.ears.message(self, message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Hear an edit."""
        await self._parts.ears.edited(self, payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Hear a deletion."""
        ids = [payload.message_id]
        await self._parts.ears.deleted(self, payload.channel_id, payload.guild_id, ids)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Hear that many messages were deleted."""
        ids = payload.message_ids
        await self._parts.ears.deleted(self, payload.channel_id, payload.guild_id, ids)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Hear a reaction."""
        await self._parts.ears.reacted(self, payload, gone=False)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Hear that a reaction is gone."""
        await self._parts.ears.reacted(self, payload, gone=True)

    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """Hear that all reactions to a message are gone."""
        await self._parts.ears.reactions_cleared(self, payload)

    async def on_raw_reaction_clear_emoji(
        self, payload: discord.RawReactionClearEmojiEvent
    ) -> None:
        """Hear that all reactions with one emoji are gone."""
        await self._parts.ears.reactions_cleared(self, payload)

    async def on_audit_log_entry_create(self, entry: discord.AuditLogEntry) -> None:
        """Hear that a moderator did something."""
        if entry.action is discord.AuditLogAction.message_delete:
            await self._parts.ears.logged(self, entry)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Hear that a channel is gone."""
        if not isinstance(channel, discord.CategoryChannel):
            await self._parts.ears.place_deleted(conversation_of(channel))

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Hear that a thread is gone."""
        where = channel_key(payload.guild_id, payload.parent_id, thread_id=payload.thread_id)
        await self._parts.ears.place_deleted(where)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer a command, a button or a form."""
        await self._parts.interaction(interaction)

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """Log what an event's handler raised: the next event has nothing to do with it."""
        if self.is_closed():  # cut short; what it was about is fetched by the next client
            logger.warning("Discord: %s ended with its connection", event_method)
            return
        logger.exception("Discord: %s failed", event_method)  # noqa: LOG004 - called in one

    def _schedule_event(
        self,
        coro: Callable[..., Coroutine[Any, Any, Any]],
        event_name: str,
        *args: Any,
        **kwargs: Any,
    ) -> asyncio.Task[None]:
        """Keep the task of each event, which discord.py starts and forgets."""
        task = super()._schedule_event(coro, event_name, *args, **kwargs)
        self._parts.handling.add(task)
        return task

    async def _insist_joined(self, guild: discord.Guild) -> None:
        await insisted(lambda: self._parts.guilds.joined(guild), f"the server {guild.name}")
        await self._look(guild)

    async def _insist_all_joined(self, guilds: Sequence[discord.Guild]) -> None:
        await insisted(lambda: self._parts.guilds.all_joined(guilds), "which servers it is in")
        for guild in guilds:
            await self._look(guild)

    async def _insist_greeted(self, guilds: Sequence[discord.Guild]) -> None:
        if not self.is_closed():
            await insisted(lambda: self._parts.guilds.greet_all(guilds), "which servers to greet")

    async def _look_for_vanished(self, guilds: Sequence[discord.Guild]) -> None:
        for guild in guilds:
            look = partial(self._parts.vanished.look, guild)
            await insisted(look, f"which channels of {guild.name} are gone")

    async def _rights_changed(self, guild: discord.Guild) -> None:
        await self._look(guild)
        await insisted(lambda: self._parts.guilds.greet(guild), f"the greeting of {guild.name}")

    async def _look(self, guild: discord.Guild) -> None:
        look = self._parts.catch_up.seeing.look
        await insisted(lambda: look(guild), f"what can be seen of {guild.name}")


def _dates_seen_by(clock: PlatformClock) -> aiohttp.TraceConfig:
    async def see(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        params: aiohttp.TraceRequestEndParams,
    ) -> None:
        clock.saw_date(params.response.headers.get("Date"))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(see)
    return trace
