"""What happens on Discord, in the order it happens: each event on its way to the pipeline.

One object serves all clients of a run. Nothing here raises into discord.py: a store that fails is
asked again until it works, so that no message is lost while the bot runs; what it misses while it
does not run, `catch_up` fetches.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import discord

from bot.messages import ConversationKey, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.crowds import PlaceCrowds
from bot.platforms.discord.hearing import Me, edited, heard
from bot.platforms.discord.keys import conversation_of, guild_id, is_elsewhere, place_id
from bot.platforms.discord.places import Places
from bot.platforms.discord.platform import DiscordPlatform
from bot.platforms.discord.pointed_at import PointedAt
from bot.platforms.discord.reactions import Reactions
from bot.platforms.discord.reading import Reader
from bot.platforms.discord.removals import Removals
from bot.platforms.edits import taken_over
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.memory import Memory
from bot.store import Store


@dataclass(frozen=True, slots=True)
class Ears:
    """Hears messages, edits, deletions and reactions. `name` is the assistant's in the chat."""

    store: Store
    pipeline: Pipeline
    platform: DiscordPlatform
    places: Places
    turns: InOrder
    memory: Memory
    catch_up: CatchUp
    reactions: Reactions
    removals: Removals
    crowds: PlaceCrowds
    reader: Reader
    name: str
    pointed_at: PointedAt

    async def message(self, client: discord.Client, message: discord.Message) -> None:
        """Hear a message as it is said, after what was missed in that place."""
        if is_elsewhere(message.channel):
            return
        server_id = message.guild.id if message.guild else None
        if await self.crowds.is_too_big(client, message.channel.id, server_id):
            return
        session = self.catch_up.sessions.of_server(client, server_id)  # by its turn it may be over
        async with self.turns.turn(message.channel.id):
            where = await self._where(client, message.channel.id, server_id)
            close = partial(self.catch_up.place, before=message, session=session)
            await insisted(
                partial(close, client, message.channel, where), f"what was missed in {where}"
            )
            await insisted(partial(self._receive, client, message, where), f"a message in {where}")

    async def asked(self, client: discord.Client, question: Message) -> bool:
        """Hear a question asked by a command, after what was missed in that place.

        False: heard before, or said in a channel that records nothing. Raises StoreError.
        """
        where = question.conversation
        channel = client.get_partial_messageable(place_id(where), guild_id=guild_id(where))
        async with self.turns.turn(place_id(where)):
            await self.catch_up.place(client, channel, where)
            return await self.pipeline.receive(question)

    async def record(self, client: discord.Client, message: discord.Message) -> None:
        """Record a message that somebody points at, if it is new, after what was missed there.

        Raises StoreError.
        """
        where = conversation_of(message.channel)
        async with self.turns.turn(place_id(where)):
            await self.catch_up.place(client, message.channel, where)
            ours = await self._heard(client, message, where)
            if ours is not None:
                await self.pipeline.overhear(ours)

    async def edited(self, client: discord.Client, event: discord.RawMessageUpdateEvent) -> None:
        """Hear that a message was edited."""
        if is_elsewhere(event.message.channel):
            return
        if await self.crowds.is_too_big(client, event.channel_id, event.guild_id):
            return
        async with self.turns.turn(event.channel_id):
            where = await self._where(client, event.channel_id, event.guild_id)
            await insisted(partial(self._edit, client, event, where), f"an edit in {where}")

    async def deleted(
        self,
        client: discord.Client,
        place_id: int,
        guild_id: int | None,
        message_ids: Iterable[int],
    ) -> None:
        """Hear that messages were deleted, one by one or in bulk."""
        ids = sorted(message_ids)
        self.pointed_at.forget(ids)
        async with self.turns.turn(place_id):
            where = await self._where(client, place_id, guild_id)
            for message_id in ids:
                # Only bots delete several at once: that is no opinion of a moderator's.
                delete = partial(self._delete, where, str(message_id), is_removal=len(ids) == 1)
                await insisted(delete, f"a deletion in {where}")
        guild = client.get_guild(guild_id) if guild_id else None
        if guild is not None:
            await insisted(partial(self.removals.look, client, guild), "a look at the audit log")

    async def place_deleted(self, where: ConversationKey) -> None:
        """Hear that a channel or a thread is gone, and what was said in it.

        What was said right before waits for its turn, and is forgotten after that.
        """
        clear = self.store.messages.clear if where.thread else self.store.messages.clear_channel
        async with self.turns.turn(place_id(where)):
            await insisted(partial(clear, where), f"the end of {where}")
        if where.thread is None:  # of its threads no event tells
            await self.turns.all_before()
            await insisted(partial(clear, where), f"the end of the threads of {where}")

    async def reacted(
        self, client: discord.Client, event: discord.RawReactionActionEvent, *, gone: bool
    ) -> None:
        """Hear a reaction, or that one is gone."""
        if client.user is None or event.user_id == client.user.id:
            return
        if await self.crowds.is_too_big(client, event.channel_id, event.guild_id):
            return
        async with self.turns.turn(event.channel_id):
            where = await self._where(client, event.channel_id, event.guild_id)
            keep = partial(self.reactions.reacted, where, event, gone=gone)
            await insisted(keep, f"a reaction in {where}")

    async def reactions_cleared(
        self,
        client: discord.Client,
        event: discord.RawReactionClearEvent | discord.RawReactionClearEmojiEvent,
    ) -> None:
        """Hear that all reactions to a message are gone, or all with one emoji."""
        async with self.turns.turn(event.channel_id):
            where = await self._where(client, event.channel_id, event.guild_id)
            await insisted(
                partial(self.reactions.cleared, where, event), f"cleared reactions in {where}"
            )

    async def logged(self, client: discord.Client, entry: discord.AuditLogEntry) -> None:
        """Hear that the audit log has a new entry on a deletion."""
        self.removals.logged(entry)
        await insisted(partial(self.removals.look, client, entry.guild), "a look at the audit log")

    async def _receive(
        self, client: discord.Client, message: discord.Message, where: ConversationKey
    ) -> None:
        ours = await self._heard(client, message, where)
        if ours is not None:
            await self.pipeline.receive(ours)

    async def _heard(
        self, client: discord.Client, message: discord.Message, where: ConversationKey
    ) -> Message | None:
        """Read a message, unless nothing is heard there.

        To read its files takes time, so the pipeline looks again when it records.
        """
        if (await self.store.channels.settings(where)).mode is Mode.OFF:
            return None
        return await heard(
            message, me=self._me(client), reader=self.reader, kept=self.memory, where=where
        )

    async def _edit(
        self, client: discord.Client, event: discord.RawMessageUpdateEvent, where: ConversationKey
    ) -> None:
        told = await edited(event, me=self._me(client), kept=self.memory, where=where)
        if told is None:
            return
        is_known = await taken_over(self.pipeline, where, str(event.message_id), told)
        if not is_known and event.message.interaction_metadata is not None:
            # A command's answer: shown empty while it was made, and filled now.
            await self.catch_up.place(client, event.message.channel, where)
            await self._receive(client, event.message, where)

    async def _delete(self, where: ConversationKey, message_id: str, *, is_removal: bool) -> None:
        if self.platform.deletes(message_id):
            return  # whoever has it deleted sees to the history, too
        decision_id = await self.store.outbox.decision_behind(where, message_id)
        if decision_id is None:
            await self.pipeline.delete(where, message_id)
            return
        self.platform.removed(message_id)
        # Before the look at the history, which a pending reply may enter at any moment.
        await self.store.outbox.withdraw_shown(where, message_id)
        parts = await self.store.outbox.parts_of(where, message_id)
        await self.pipeline.delete(where, parts[0])
        if is_removal:
            self.removals.deleted(place_id(where), where, decision_id)

    async def _where(
        self, client: discord.Client, place_id: int, guild_id: int | None
    ) -> ConversationKey:
        return await insisted(
            partial(self.places.named, client, place_id, guild_id), f"the place {place_id}"
        )

    def _me(self, client: discord.Client) -> Me:
        if client.user is None:
            raise RuntimeError("events come only after the login")
        return Me(client.user.id, self.name)
