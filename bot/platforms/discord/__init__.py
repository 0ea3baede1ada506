"""Earshot on Discord, by discord.py.

`hearing` makes our messages of Discord's, `platform` puts our words where people read them,
`interactions` answers `/assistant`; `client` and `supervisor` keep it connected, `run` puts it
together. The client's caches of members and messages stay empty: what Earshot remembers is in the
store.
"""
