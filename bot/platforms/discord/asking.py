"""Questions asked by a command: the reply takes the place where Discord shows that we are thinking.

The question goes down the same path as any message; only the answer comes back another way. Discord
lets us write there for fifteen minutes. A later reply is an ordinary message.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import discord

from bot.commands import Caller
from bot.commands.parse import clipped
from bot.errors import StoreError
from bot.messages import ASKED, ConversationKey, Message
from bot.pipeline import Pipeline
from bot.platforms.asking import ANSWERED_WITH_NEXT, TOO_LATE, Fate, about_own, fate_of, received
from bot.platforms.discord.acknowledging import Acknowledgement
from bot.platforms.discord.answering import CALL_TIMEOUT_S, InteractionResponder
from bot.platforms.discord.describing import words_of
from bot.platforms.discord.interacting import AnyInteraction
from bot.platforms.discord.keys import workspace_of
from bot.platforms.discord.mentions import Names, people_in, readable
from bot.platforms.discord.naming import NOTHING_KEPT, Kept
from bot.platforms.discord.pointed_at import PointedAt
from bot.platforms.discord.refusals import FAILURES
from bot.platforms.discord.trying import let_others_go_on

logger = logging.getLogger(__name__)

PATIENCE_S = 14 * 60.0  # a minute before Discord forgets the interaction
MAX_BESIDE_LINK = 200  # characters; the link must not be cut


@dataclass(frozen=True, slots=True)
class Asking:
    """Sends questions down the path of messages.

    `receive` hears a question in its turn, as `Pipeline.receive` does; `register` tells the platform
    where to put the reply to a message, and whether nobody did before; `hear` records a message that
    the history does not have yet; `settled` waits until nothing of a conversation is left to decide.
    """

    pipeline: Pipeline
    receive: Callable[[discord.Client, Message], Awaitable[bool]]
    register: Callable[[str, InteractionResponder], bool]
    hear: Callable[[discord.Client, discord.Message], Awaitable[object]]
    settled: Callable[[ConversationKey], Awaitable[None]]
    kept: Kept = NOTHING_KEPT
    patience_s: float = PATIENCE_S
    pointed_at: PointedAt = field(default_factory=PointedAt)

    async def ask(
        self,
        acknowledgement: Acknowledgement,
        caller: Caller,
        text: str,
        *,
        target_id: str | None = None,
    ) -> None:
        """Ask, and see to it that "thinking" ends: by an answer, or by saying that there is none.

        `target_id` is the message asked about. A question whose interaction Discord has lost is
        answered like any other message, as is one that a process wrote down and did not survive.
        """
        interaction = acknowledgement.interaction
        question = await self._question(acknowledgement, caller, text, target_id)
        shown = _shown(interaction, question.text, target_id)
        responder = InteractionResponder(acknowledgement, shown)
        if not self.register(question.id, responder):
            return
        is_new, excuse = await self._received(interaction.client, question)
        was_heard_before = not is_new and excuse is None
        if was_heard_before or not await responder.is_open():
            return
        if is_new:
            excuse = await self._waited(question, responder)
        if excuse is not None:
            await responder.give_up(excuse)

    async def _received(self, client: discord.Client, question: Message) -> tuple[bool, str | None]:
        return await received(question, partial(self.receive, client), self.pipeline.store)

    async def _waited(self, question: Message, responder: InteractionResponder) -> str | None:
        """Wait for a reply; gives what to say if there is none for this question alone."""
        try:
            async with asyncio.timeout(self.patience_s):
                await _either(responder.ended.wait(), self.settled(question.conversation))
                if not responder.ended.is_set() and (excuse := await self._outcome(question)):
                    return excuse
                await responder.ended.wait()
        except TimeoutError:
            return TOO_LATE
        return None

    async def _outcome(self, question: Message) -> str | None:
        """Say what became of a question to which nothing came; None if it is still to be decided."""
        fate = await fate_of(question, self.pipeline.store)
        if fate is Fate.UNDECIDED:
            return None
        return ANSWERED_WITH_NEXT if fate is Fate.ANSWERED else TOO_LATE

    async def _question(
        self, acknowledgement: Acknowledgement, caller: Caller, text: str, target_id: str | None
    ) -> Message:
        """Make the message that the pipeline hears. It points at what is asked about.

        Those words are somebody else's: they stay in their own row, where their author can have
        them forgotten, and the prompt quotes them from there.
        """
        about, own, interaction = target_id, "", acknowledgement.interaction
        try:
            text = readable(text, await self._names(interaction, caller.where, text))
            if target_id is not None:
                about, own = await self._recorded(acknowledgement, caller.where, target_id)
        except StoreError as error:
            logger.warning("a question in %s stays as typed: %s", caller.where, error)
        return Message(
            conversation=caller.where,
            id=f"{ASKED}{interaction.id}",
            author=caller.author,
            text=text,
            sent_at=interaction.created_at,
            addressed=True,
            reply_to=about,
            attachments=about_own(own),
        )

    async def _recorded(
        self, acknowledgement: Acknowledgement, where: ConversationKey, message_id: str
    ) -> tuple[str, str]:
        """Give the id under which the history has a message; it is recorded now if it is new.

        Also the words, if they are the assistant's own and no part of the history. Fetching that may
        take longer than Discord waits for a first word.
        """
        store = self.pipeline.store
        message_id = (await store.outbox.parts_of(where, message_id))[0]
        if await store.messages.find(where, message_id) is not None:
            return message_id, ""
        await acknowledgement.given()
        interaction = acknowledgement.interaction
        said = await self._fetched(interaction, int(message_id))
        me = interaction.client.user
        if said is not None and me is not None and said.author.id == me.id:
            return message_id, words_of(said)
        if said is not None:
            await self.hear(interaction.client, said)
        return message_id, ""

    async def _fetched(
        self, interaction: AnyInteraction, message_id: int
    ) -> discord.Message | None:
        """Fetch a message that people ask about, or take what came with the command.

        None where it is gone, or where we may not see it and nothing came.
        """
        told = self.pointed_at.find(message_id)
        if not isinstance(interaction.channel, discord.abc.Messageable):
            return told
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await interaction.channel.fetch_message(message_id)
        except discord.NotFound:
            return None
        except FAILURES as error:
            if isinstance(error, TimeoutError):
                let_others_go_on(interaction.client)
            logger.info("message %d cannot be read: %s", message_id, error)
            return told

    async def _names(self, interaction: AnyInteraction, where: ConversationKey, text: str) -> Names:
        """Say whose names the marks in a question stand for."""
        guild = interaction.guild
        people = {user: await self.kept.name_of(where, str(user)) for user in people_in(text)}
        if interaction.client.user:
            people[interaction.client.user.id] = self.pipeline.me.name
        roles = {role.id: role.name for role in guild.roles} if guild else {}
        channels = {channel.id: channel.name for channel in guild.channels} if guild else {}
        return Names(person=people.get, role=roles.get, channel=channels.get)


def _shown(interaction: AnyInteraction, question: str, target_id: str | None) -> str:
    """Give a question as everybody sees it, with a link to the message asked about."""
    if target_id is None:
        return question
    place = f"{workspace_of(interaction.guild_id)}/{interaction.channel_id}"
    link = f"https://discord.com/channels/{place}/{target_id}"
    return f"{clipped(question, MAX_BESIDE_LINK)} {link}"


async def _either(*waits: Awaitable[object]) -> None:
    """Wait until one of them is done."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
