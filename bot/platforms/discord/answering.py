"""Answers in an interaction: split where long, pinging nobody.

Discord waits fifteen minutes for the last word. What it refuses is told in one line of the log and
never raised into discord.py: whoever asked sees Discord's own sign.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import discord
from discord.webhook.async_ import async_context

from bot.commands import CommandAnswer
from bot.commands.parse import clipped
from bot.platforms.answers import shown_parts
from bot.platforms.discord.acknowledging import AT_ONCE_S, Acknowledgement, Standing, logged
from bot.platforms.discord.buttons import button, fits
from bot.platforms.discord.interacting import AnyInteraction, open_session, tried
from bot.platforms.discord.parts import MAX_CHARS
from bot.split import num_units

logger = logging.getLogger(__name__)

CALL_TIMEOUT_S = 60.0  # discord.py itself tries five times, for about 25 s in all
MAX_QUOTE_CHARS = 300
QUOTE_MARKS = "> \n"  # around a question, above its answer
MAX_CHARS_UNDER_QUESTION = MAX_CHARS - MAX_QUOTE_CHARS - len(QUOTE_MARKS)
MIN_QUOTE_CHARS = 20  # less of a question says nothing
LIFETIME_S = 14.5 * 60.0  # Discord forgets an interaction after 15 minutes
PLACEHOLDER = "…"
NO_MENTIONS = discord.AllowedMentions.none()


async def say_at_once(interaction: AnyInteraction, answer: CommandAnswer) -> None:
    """Answer an interaction that nobody acknowledged yet, for the caller's eyes only."""
    first, *rest = parts(answer)
    view = _view(answer, is_last=not rest)
    send = partial(
        interaction.response.send_message,
        first,
        ephemeral=True,
        allowed_mentions=NO_MENTIONS,
        suppress_embeds=True,
        view=view,
    )
    async with logged(interaction), asyncio.timeout(CALL_TIMEOUT_S):
        await tried(interaction, send, patience_s=AT_ONCE_S)
        await _follow_up(interaction, rest, answer, ephemeral=True)


async def say(interaction: AnyInteraction, answer: CommandAnswer, *, is_public: bool) -> None:
    """Answer where Discord shows that we are thinking; `is_public`: whether everybody sees that.

    What was begun in public cannot become private. Discord puts the first message into the public
    place, and none at all once that is deleted while we are thinking: so it is filled, then deleted.
    """
    first, *rest = parts(answer)
    async with logged(interaction), asyncio.timeout(CALL_TIMEOUT_S):
        if answer.ephemeral and is_public:
            await _insisted(interaction, partial(_edit, interaction, PLACEHOLDER))
            await _follow_up(interaction, [first, *rest], answer, ephemeral=True)
            await _insisted(interaction, interaction.delete_original_response)
        else:
            view = _view(answer, is_last=not rest)
            await _insisted(interaction, partial(_edit, interaction, first, view))
            await _follow_up(interaction, rest, answer, ephemeral=not is_public)


def parts(answer: CommandAnswer) -> list[str]:
    """Give an answer as Discord shows it, in posts that are short enough."""
    return shown_parts(
        answer,
        has_button=fits(answer.offer),
        max_chars=MAX_CHARS,
        escaped=str if answer.is_markdown else discord.utils.escape_markdown,
    )


async def _follow_up(
    interaction: AnyInteraction, texts: Sequence[str], answer: CommandAnswer, *, ephemeral: bool
) -> None:
    send = partial(
        interaction.followup.send, allowed_mentions=NO_MENTIONS, suppress_embeds=True, wait=True
    )
    for number, text in enumerate(texts, start=1):
        view = _view(answer, is_last=number == len(texts))
        await _insisted(interaction, partial(send, text, ephemeral=ephemeral, view=view))


async def _insisted(interaction: AnyInteraction, call: Callable[[], Awaitable[object]]) -> None:
    """Call what Discord takes for fifteen minutes; the caller says when it is too late."""
    await tried(interaction, call, patience_s=CALL_TIMEOUT_S)


async def _edit(
    interaction: AnyInteraction, text: str, view: discord.ui.View = discord.utils.MISSING
) -> str:
    """Give the first message a text, without previews of its links; gives the message's id.

    discord.py's own method knows no flags, which Discord takes here as for any message:
    https://discord.com/developers/docs/resources/webhook#edit-webhook-message.
    """
    payload: dict[str, object] = {
        "content": text,
        "allowed_mentions": NO_MENTIONS.to_dict(),
        "flags": discord.MessageFlags(suppress_embeds=True).value,
    }
    if view is not discord.utils.MISSING:
        payload["components"] = view.to_components()
    http = interaction.client.http
    async with open_session(interaction) as session:
        message = await async_context.get().edit_original_interaction_response(
            interaction.application_id,
            interaction.token,
            session=session,
            proxy=http.proxy,
            proxy_auth=http.proxy_auth,
            payload=payload,
        )
    return str(message["id"])


def _view(answer: CommandAnswer, *, is_last: bool) -> discord.ui.View:
    """Give the button under the last part of an answer; MISSING where there is none."""
    missing: discord.ui.View = discord.utils.MISSING
    return (button(answer.offer) if is_last else None) or missing


class InteractionResponder:
    """Writes the reply to one question, under the question as it was asked.

    `ended` is set once "thinking" is over: something stands there, or Discord knows the place no
    more. Raises what discord.py raises.
    """

    def __init__(self, acknowledgement: Acknowledgement, question: str) -> None:
        self._acknowledgement = acknowledgement
        self._interaction = acknowledgement.interaction
        self._question = question
        self._is_over = False
        # Not by the time of day, which may be wrong on this machine.
        self._expires_at = asyncio.get_running_loop().time() + LIFETIME_S
        self.ended = asyncio.Event()

    def expired(self) -> bool:
        """Tell whether Discord takes no more words here."""
        return self._is_over or asyncio.get_running_loop().time() > self._expires_at

    async def is_open(self) -> bool:
        """See to it that Discord shows that we are thinking; False if it takes no words here."""
        if await self._acknowledgement.given() is Standing.LOST:
            self._close()
        return not self.expired()

    async def edit_first(self, text: str) -> str:
        """Show a text, or another one instead; gives the id of the message."""
        try:
            message_id = await _edit(self._interaction, under_question(self._question, text))
        except discord.NotFound:
            self._close()
            raise
        self.ended.set()
        return message_id

    async def send_more(self, text: str) -> str:
        """Add a message below; gives its id."""
        followup = self._interaction.followup
        try:
            async with open_session(self._interaction):
                message = await followup.send(
                    text, allowed_mentions=NO_MENTIONS, suppress_embeds=True, wait=True
                )
        except discord.NotFound:
            self._close()
            raise
        return str(message.id)

    async def give_up(self, text: str) -> None:
        """Say why there is no answer, unless there is one; what comes later is an ordinary message."""
        self._is_over = True
        if not self.ended.is_set():
            async with logged(self._interaction), asyncio.timeout(CALL_TIMEOUT_S):
                await _insisted(self._interaction, partial(self.edit_first, text))
        self.ended.set()

    def _close(self) -> None:
        self._is_over = True
        self.ended.set()


def under_question(question: str, text: str) -> str:
    """Put a text under the question it answers, which is cut short or left out for want of room."""
    room = MAX_CHARS - num_units(text) - len(QUOTE_MARKS)
    max_chars = min(MAX_QUOTE_CHARS, room)
    while max_chars >= MIN_QUOTE_CHARS:
        quote = discord.utils.escape_markdown(clipped(question, max_chars))
        if num_units(quote) <= room:
            return f"> {quote}\n{text}"
        max_chars //= 2
    return text
