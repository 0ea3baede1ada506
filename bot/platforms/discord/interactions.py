"""Everything that people do with `/assistant` on Discord: commands, completions, buttons, forms.

1. What cannot be read, or may not be done, is told the caller at once and nobody else.
2. Everything else is acknowledged within Discord's three seconds, and answered when it is done;
   a question is written down before.
3. What Discord refuses is one line in the log; nothing is raised into discord.py.
No state is kept here: a button pressed after a restart does what it says.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import cast

import discord
from discord.app_commands import Choice

from bot.commands import (
    ASK_ABOUT,
    PREFIX,
    Caller,
    CommandAnswer,
    Commands,
    Invocation,
    UsageError,
    parse,
)
from bot.commands.suggest import suggestions
from bot.messages import Author
from bot.platforms.discord.acknowledging import (
    AT_ONCE_S,
    Acknowledgement,
    Standing,
    deferred,
    log_failure,
    logged,
)
from bot.platforms.discord.answering import CALL_TIMEOUT_S, say, say_at_once
from bot.platforms.discord.application import (
    CommandChanged,
    CommandType,
    GivenCommand,
    focused,
    invocation,
    menu_title,
    spoken,
)
from bot.platforms.discord.asking import Asking
from bot.platforms.discord.buttons import about_form, about_target, offered, typed_question
from bot.platforms.discord.interacting import AnyInteraction, tried
from bot.platforms.discord.keys import conversation_of
from bot.platforms.discord.refusals import FAILURES

logger = logging.getLogger(__name__)

ASK = ("ask",)
NO_PLACE = "I can't be used here."
FAILED = "That didn't work. Whoever runs me finds the cause in the log."


@dataclass(frozen=True, slots=True)
class Interactions:
    """Answers interactions. `name` is the assistant's, `clock` gives aware UTC times."""

    commands: Commands
    asking: Asking
    name: str
    clock: Callable[[], datetime]

    async def handle(self, interaction: AnyInteraction) -> None:
        """Answer an interaction; never raises. It may take as long as an answer takes."""
        try:
            await self._routed(interaction)
        except UsageError as error:
            if isinstance(error, CommandChanged):
                logger.warning("Discord still offers %s as of old", spoken(_given(interaction)))
            await say_at_once(interaction, CommandAnswer(str(error), ephemeral=True))
        except FAILURES as error:
            log_failure(interaction, error)
        except Exception:  # the top of discord.py's task
            logger.exception("interaction %d failed", interaction.id)

    async def _routed(self, interaction: AnyInteraction) -> None:
        match interaction.type:
            case discord.InteractionType.application_command:
                await self._command(interaction)
            case discord.InteractionType.autocomplete:
                await self._complete(interaction)
            case discord.InteractionType.component:
                await self._press(interaction)
            case discord.InteractionType.modal_submit:
                await self._form(interaction)
            case _:
                logger.debug("interaction %d is of no known kind", interaction.id)

    async def _command(self, interaction: AnyInteraction) -> None:
        given = _given(interaction)
        if given.get("type") == CommandType.MESSAGE:
            title = menu_title(ASK_ABOUT, self.name)
            form = about_form(title, given["target_id"])
            self.asking.pointed_at.note(interaction, given["target_id"])
            async with asyncio.timeout(CALL_TIMEOUT_S):
                show = partial(interaction.response.send_modal, form)
                await tried(interaction, show, patience_s=AT_ONCE_S)
        else:
            await self._run(interaction, invocation(given))

    async def _press(self, interaction: AnyInteraction) -> None:
        command = offered(interaction.custom_id or "")
        if command is not None:
            await self._run(interaction, parse(command))

    async def _form(self, interaction: AnyInteraction) -> None:
        target_id = about_target(interaction.custom_id or "")
        if target_id is not None:
            fields = cast("dict[str, object]", interaction.data or {}).get("components")
            called = parse(f"{ASK[0]} {typed_question(fields)}")
            await self._run(interaction, called, target_id=target_id)

    async def _complete(self, interaction: AnyInteraction) -> None:
        try:
            texts = suggestions(*focused(_given(interaction)))
        except UsageError:
            texts = []
        async with logged(interaction), asyncio.timeout(CALL_TIMEOUT_S):
            await interaction.response.autocomplete(
                [Choice(name=text, value=text) for text in texts]
            )

    async def _run(
        self, interaction: AnyInteraction, called: Invocation, *, target_id: str | None = None
    ) -> None:
        caller = self._caller(interaction)
        if not caller.may(called.needs):  # said without asking the store, which may be slow
            await say_at_once(interaction, await self.commands.invoke(called, caller))
            return
        self.commands.check(called, caller)  # once acknowledged in public, all see that it is wrong
        if called.path == ASK:
            await self._ask(interaction, called, caller, target_id)
            return
        standing = await deferred(interaction, ephemeral=called.ephemeral)
        if standing in (Standing.DEFERRED, Standing.UNSURE):
            answer = await self._answer(called, caller)
            await say(interaction, answer, is_public=not called.ephemeral)

    async def _ask(
        self,
        interaction: AnyInteraction,
        called: Invocation,
        caller: Caller,
        target_id: str | None,
    ) -> None:
        """Put a question, which is heard before it is acknowledged if that does not take long."""
        async with Acknowledgement(interaction, ephemeral=called.ephemeral) as acknowledgement:
            answer = await self._answer(called, caller)
            if answer.ask is not None:
                await self.asking.ask(acknowledgement, caller, answer.ask, target_id=target_id)
            elif await acknowledgement.given() in (Standing.DEFERRED, Standing.UNSURE):
                await say(interaction, answer, is_public=not called.ephemeral)

    async def _answer(self, called: Invocation, caller: Caller) -> CommandAnswer:
        try:
            return await self.commands.invoke(called, caller)
        except UsageError as error:
            return CommandAnswer(str(error), ephemeral=True)
        except Exception:  # it is acknowledged: "thinking" must end
            logger.exception("%s %s failed", PREFIX, " ".join(called.path))
            return CommandAnswer(FAILED, ephemeral=True)

    def _caller(self, interaction: AnyInteraction) -> Caller:
        """Say who calls, where, with which rights. In direct messages everyone manages their own."""
        try:
            where = conversation_of(interaction.channel)
        except ValueError as error:
            raise UsageError(NO_PLACE) from error
        is_direct = interaction.guild_id is None
        rights = interaction.permissions
        return Caller(
            where,
            _author(interaction.user),
            may_manage=is_direct or rights.administrator or rights.manage_channels,
            # Never before what was said before it, even if the clock is seconds behind Discord's.
            now=max(self.clock(), interaction.created_at),
            may_manage_workspace=rights.administrator or rights.manage_guild,
            may_read_back=is_direct or rights.administrator or rights.read_message_history,
        )


def _given(interaction: AnyInteraction) -> GivenCommand:
    return cast("GivenCommand", interaction.data)


def _author(user: discord.User | discord.Member) -> Author:
    return Author(str(user.id), user.display_name, is_bot=user.bot)
