"""What is said on Slack, in the order it is said: each event on its way to the pipeline.

One object hears for all workspaces. An event returns once what it tells is written down: only then
is Slack told that it arrived. A history that fails is asked again until it works. What is said while
too many wait, or nobody listens, `catch_up` fetches.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial

from bot.messages import ConversationKey, FeedbackKind, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.crowds import Crowds
from bot.platforms.edits import taken_over
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.opinions import Opinions
from bot.platforms.slack.among_others import left_to_others
from bot.platforms.slack.assistant_view import AssistantView
from bot.platforms.slack.catch_up import CatchUp
from bot.platforms.slack.early import Early
from bot.platforms.slack.edits import deleted_id, edited, edited_id
from bot.platforms.slack.files import Reader
from bot.platforms.slack.hearing import BROADCAST, CHANGED, heard, is_below_ours, is_ours
from bot.platforms.slack.keys import channel_key, is_direct
from bot.platforms.slack.lenient import Payload, part_of, text_in
from bot.platforms.slack.listening import turn_of
from bot.platforms.slack.naming import People
from bot.platforms.slack.reactions import meaning
from bot.platforms.slack.spoken import command_in
from bot.platforms.slack.teams import Team
from bot.platforms.slack.threads import Threads


@dataclass(frozen=True, slots=True)
class Ears:
    """Hears messages, edits, deletions and reactions. `turns` are those of the channels.

    `pane` deals with what is said in Slack's pane for assistants.
    """

    pipeline: Pipeline
    people: People
    threads: Threads
    catch_up: CatchUp
    opinions: Opinions
    crowds: Crowds
    reader: Reader
    turns: InOrder
    pane: AssistantView

    async def message(self, event: Payload, where: ConversationKey, team: Team) -> None:
        """Hear that something was said, changed or deleted; `app_mention` tells the same again."""
        hear = self._hear
        if deleted_id(event) is not None:  # never too much: what is gone cannot be fetched
            hear = self._delete
        elif text_in(event, "subtype") == CHANGED:
            hear = self._edit
        elif await self._is_too_much(event, where, team):
            return
        async with self.turn(where):
            await insisted(partial(hear, event, where, team), f"what was said in {where}")

    async def asked(self, question: Message, team: Team) -> bool:
        """Hear a question asked by a command, after what was missed in that place.

        False: heard before, or said in a channel that records nothing. Raises StoreError.
        """
        async with self.turn(question.conversation):
            await self._ready(question.conversation, team, before=None)
            return await self.pipeline.receive(question)

    async def record(self, event: Payload, where: ConversationKey, team: Team) -> None:
        """Record a message that somebody points at, if it is new. Raises StoreError."""
        message = await self._heard(event, where, team)
        if message is not None:
            async with self.turn(where):
                await self._overhear(message, team)

    async def reacted(self, event: Payload, team: Team, *, gone: bool) -> None:
        """Hear a reaction to a message, or that one is gone."""
        kind, item = meaning(text_in(event, "reaction")), part_of(event, "item")
        user_id = text_in(event, "user")
        channel_id, ts = text_in(item, "channel"), text_in(item, "ts")
        if kind is None or user_id == team.user_id or not (user_id and channel_id and ts):
            return
        channel = channel_key(team.id, channel_id)
        async with self.turn(channel):
            keep = partial(self._opinion, channel, ts, kind, user_id, gone=gone)
            await insisted(keep, f"a reaction in {channel}")

    @property
    def early(self) -> Early:
        """What is told of messages before they are."""
        return Early(self.pipeline.store)

    def turn(self, where: ConversationKey) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of a channel, which its threads share: both have the same messages."""
        return self.turns.turn(turn_of(where))

    async def _is_too_much(self, event: Payload, where: ConversationKey, team: Team) -> bool:
        since = text_in(event, "ts")

        async def fetch() -> None:
            close = partial(self.catch_up.let_go, where, since, team)
            await insisted(close, f"what was missed in {where}")

        return await self.crowds.is_too_big(turn_of(where), fetch)

    async def _hear(self, event: Payload, where: ConversationKey, team: Team) -> None:
        message = await self._heard(event, where, team)
        if message is None or await self.early.is_gone(where, message.id):
            return
        await self._ready(where, team, before=message.id)
        await self.pane.looks_at(event, where)  # before it is answered: an agent does so in threads
        if is_below_ours(event, where, team):
            (message,) = await left_to_others(self.pipeline.store, [message], {message.id})
        is_new = await self.pipeline.receive(message)
        if text_in(event, "subtype") == BROADCAST:  # people see it in the channel, too
            channel = replace(where, thread=None)
            await self._overhear(replace(message, conversation=channel, addressed=False), team)
        # Once more: another process that was told before this is written down knew of no message.
        if await self.early.is_gone(where, message.id):
            await self._take_away(where, message.id)
        if is_new and is_direct(where.channel):
            await self.pane.titled(message, team)

    async def _overhear(self, message: Message, team: Team) -> None:
        """Record what calls for no decision, after what was missed in its place."""
        await self.catch_up.place(message.conversation, team, before=message.id)
        await self.pipeline.overhear(message)

    async def _ready(self, where: ConversationKey, team: Team, *, before: str | None) -> None:
        """See to it that what was said before is known, as far as it can be had now."""
        await self.catch_up.place(where, team, before=before)
        await self.threads.begin(where, team)

    async def _heard(self, event: Payload, where: ConversationKey, team: Team) -> Message | None:
        """Read a message, unless nothing is heard there: then nobody is asked who said it.

        To ask takes time, so the pipeline looks again whether anything is, when it records.
        """
        if await self._is_off(where):
            return None
        return await heard(event, where, team=team, people=self.people, reader=self.reader)

    async def _is_off(self, where: ConversationKey) -> bool:
        return (await self.pipeline.store.channels.settings(where)).mode is Mode.OFF

    async def _is_known(self, where: ConversationKey, message_id: str) -> bool:
        return bool(await self.pipeline.store.messages.places_with(where, message_id))

    async def _edit(self, event: Payload, where: ConversationKey, team: Team) -> None:
        message_id = edited_id(event)
        if await self._is_off(where) and not await self._is_known(where, message_id):
            return  # nobody is asked who is mentioned now
        told = await edited(event, team=team, people=self.people)
        if told is None:
            return
        take_over = partial(taken_over, self.pipeline, where, message_id, told)
        if await take_over() or not await self._is_early(event, where, team):
            return
        said = {**part_of(event, "message"), "type": "message", "channel": where.channel}
        await self._hear(said, where, team)
        await take_over()  # if another process has heard meanwhile what it said at first

    async def _is_early(self, event: Payload, where: ConversationKey, team: Team) -> bool:
        """Tell whether an edit came before its message. Commands are not heard at all."""
        message_id = edited_id(event)
        if await self._is_known(where, message_id):
            return False
        for name in ("message", "previous_message"):
            said = {**part_of(event, name), "channel": where.channel}
            if command_in(said, team) is not None:
                return False
        return await self.early.may_come(event, where, message_id)

    async def _delete(self, event: Payload, where: ConversationKey, team: Team) -> None:
        message_id = deleted_id(event) or ""
        is_known = await self._take_away(where, message_id)
        if is_known or is_ours(part_of(event, "previous_message"), team):
            return
        if await self.early.may_come(event, where, message_id):
            await self.early.gone(where, message_id)
            await self._take_away(where, message_id)  # heard meanwhile by another process

    async def _take_away(self, where: ConversationKey, message_id: str) -> bool:
        """Forget a message wherever it stands; False: it is unknown.

        Not every deletion tells in which thread it was.
        """
        store = self.pipeline.store
        known = await store.messages.places_with(where, message_id)
        shown = await store.outbox.place_of(where, message_id)
        for each in dict.fromkeys((*known, shown)):
            parts = await store.outbox.parts_of(each, message_id)
            await self.pipeline.delete(each, parts[0])
        return bool(known)

    async def _opinion(
        self, channel: ConversationKey, ts: str, kind: FeedbackKind, user_id: str, *, gone: bool
    ) -> None:
        where = await self.pipeline.store.outbox.place_of(channel, ts)
        say = self.opinions.taken_back if gone else self.opinions.given
        await say(where, ts, kind, author_id=user_id)
