"""Which session of the gateway it is: what began in one must not speak for the next."""

from collections import Counter

import discord

from bot.platforms.discord.keys import channel_key, shard_of

Session = tuple[int, int]


class Sessions:
    """Counts the sessions of each shard, and how often each server came back from an outage."""

    def __init__(self) -> None:
        self._of_shards: Counter[int] = Counter()
        self._of_servers: Counter[int] = Counter()

    def began(self, shard_id: int) -> None:
        """Note that a shard has a new session."""
        self._of_shards[shard_id] += 1

    def server_is_back(self, server_id: int) -> None:
        """Note that a server is back, of which nothing was told for a while."""
        self._of_servers[server_id] += 1

    def of_shard(self, shard_id: int) -> int:
        """Give the number of a shard's session."""
        return self._of_shards[shard_id]

    def of_server(self, client: discord.Client, server_id: int | None) -> Session:
        """Give what is another as soon as there may be a gap; None stands for direct messages."""
        shard_id = shard_of(channel_key(server_id, 0), num_shards=client.shard_count or 1)
        num_back = 0 if server_id is None else self._of_servers[server_id]
        return self._of_shards[shard_id], num_back
