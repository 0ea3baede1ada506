"""Earshot on Discord, by discord.py: the only package that knows it.

`run` puts it together; each other module is one noun of Discord's. The client's caches of members and
messages stay empty: what Earshot remembers is in the store.

- To begin with: `run`, `client`, `platform`, `keys`, `refusals`.
- The connection: `supervisor`, `sharded`, `sessions`, `shard_log`, `starts`, `address`, `trying`.
- Set-up: `invite`, `sync`, `checks`, `server_checks`.
- Hearing: `ears`, `hearing`, `mentions`, `describing`, `reading`, `reactions`, `naming`, `pages`,
  `crowds`.
- Servers and channels: `guilds`, `places`, `channels`, `seeing`, `vanished`, `removals`.
- What was missed: `sweeping`, `catch_up`, `closing`, `fetching`, `missed_changes`, `last_listened`.
- Speaking: `showing`, `posting`, `parts`, `nonces`, `evidence`.
- Commands: `application`, `interactions`, `acknowledging`, `answering`, `interacting`,
  `responding`, `asking`, `pointed_at`, `buttons`.
"""
