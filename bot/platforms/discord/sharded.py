"""discord.py's client of several shards, mended where it loses its way.

It knows nothing of what is said. Which gateway it connects to, and what it still knows of servers
after a session was lost, discord.py gets wrong:

1. Without a number of shards it connects to the address that the API names, and to Discord's own
   once a session is lost (https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/shard.py#L182): a
   server that is compatible with Discord would see its token go there.
2. A server that removed the bot while it had no session is still there in the next one
   (https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/state.py#L1945).
3. A gateway that cannot be reached is asked again by a call in a call, until Python gives up
   (https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/shard.py#L487).
4. A cancellation that comes while a shard connects anew is lost
   (https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/shard.py#L208).
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.state import AutoShardedConnectionState
from yarl import URL

if TYPE_CHECKING:
    from discord.types.gateway import ReadyEvent

TELL_AGAIN_S = 0.1
MAX_BACKOFF = 6  # a shard waits 2^6 s at most for its next try, and not discord.py's 2^10
MAX_LAUNCHES = 12  # tries of a shard to connect at first, 5 s apart; then a new client is made
CONNECT_TIMEOUT_S = 60.0  # of each such try


@dataclass(frozen=True, slots=True)
class Shards:
    """Which shards a process runs, and of how many."""

    ids: Sequence[int]
    count: int

    @classmethod
    def read(cls, setting: str) -> "Shards":
        """Read `0,1/4`, as the settings have checked it."""
        ids, _, count = setting.partition("/")
        return cls(sorted({int(each) for each in ids.split(",")}), int(count))


class ShardedClient(discord.AutoShardedClient):
    """Runs as many shards as Discord asks for, or those of `shards`.

    `gateway` is where it connects; without one, that is where the API says.
    """

    def __init__(self, *, shards: Shards | None, gateway: str | None, **options: Any) -> None:
        super().__init__(
            shard_count=shards.count if shards else None,
            shard_connect_timeout=CONNECT_TIMEOUT_S,
            **options,
        )
        self.shard_ids = list(shards.ids) if shards else None
        self._gateway = URL(gateway) if gateway else None
        self._num_launches: Counter[int] = Counter()

    def has_closed_shards(self) -> bool:
        """Tell whether a shard, or all of it, has no connection now."""
        return self.is_closed() or any(shard.is_closed() for shard in self.shards.values())

    async def connect(self, *, reconnect: bool = True) -> None:
        """Serve until cancelled, however often that has to be told."""
        connection = asyncio.create_task(super().connect(reconnect=reconnect))
        try:
            await asyncio.shield(connection)
        finally:
            while not connection.done():
                connection.cancel()
                await asyncio.wait([connection], timeout=TELL_AGAIN_S)

    async def launch_shards(self) -> None:
        """Connect each shard; one that is refused again and again still tries every minute.

        discord.py counts the tries of the last half hour, so that the waits of an outage outlast it:
        https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/backoff.py#L104.
        """
        if self.is_closed():
            return
        await self._find_gateway()
        await super().launch_shards()
        for shard in self.shards.values():
            shard._parent._backoff._max = MAX_BACKOFF

    async def launch_shard(self, gateway: URL, shard_id: int, *, initial: bool = False) -> None:
        """Connect a shard. Raises GatewayNotFound where that fails again and again."""
        if self._num_launches[shard_id] >= MAX_LAUNCHES:
            raise discord.GatewayNotFound
        self._num_launches[shard_id] += 1
        await super().launch_shard(gateway, shard_id, initial=initial)

    async def _find_gateway(self) -> None:
        """Fix where shards connect, now and whenever they lose their sessions."""
        # Not by `get_bot_gateway`: compatible servers need not say how many sessions they allow.
        told = await self.http.request(Route("GET", "/gateway/bot"))
        DiscordWebSocket.DEFAULT_GATEWAY = self._gateway or URL(told["url"])
        self.shard_count = self.shard_count or told["shards"]

    def _get_state(self, **options: Any) -> "_State":  # type: ignore[override]
        return _State(
            dispatch=self.dispatch,
            handlers=self._handlers,
            hooks=self._hooks,
            http=self.http,
            **options,
        )


class _State(AutoShardedConnectionState[discord.AutoShardedClient]):
    """What is known of servers: none that a new session does not name."""

    def parse_ready(self, data: "ReadyEvent") -> None:
        shard_id = data["shard"][0]
        named = {int(guild["id"]) for guild in data["guilds"]}
        for guild in list(self.guilds):
            if guild.shard_id == shard_id and guild.id not in named:
                self._remove_guild(guild)
        super().parse_ready(data)
