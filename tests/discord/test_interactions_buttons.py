"""Buttons under answers on a simulated Discord: whose press they are, and when there are none."""

from collections.abc import AsyncIterator

import discord
import pytest
from discord import Permissions
from simcord import Env
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.commands import CommandAnswer, Offer
from bot.platforms.discord.answering import parts, say_at_once
from bot.platforms.discord.buttons import about_form, button
from tests.discord.commanded import Bot, running_bot


@pytest.fixture
def channel(simcord_env: Env) -> ChannelHandle:
    return simcord_env.create_guild().create_text_channel("general")


def member(env: Env, name: str, **permissions: bool) -> MemberActor:
    role = env.guild.create_role(name, permissions=Permissions(**permissions))
    return env.guild.add_member(env.create_user(name), roles=[role])


class OfferingBot(Bot):
    """Answers every command with a button."""

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.application_command:
            offer = Offer("Clear", "clear confirm")
            await say_at_once(interaction, CommandAnswer("Really?", ephemeral=True, offer=offer))
        else:
            await super().on_interaction(interaction)


class TestButtons:
    @pytest.fixture
    async def simcord_bot(self, database_url: str) -> AsyncIterator[Bot]:
        async with running_bot(database_url) as bot:
            yield OfferingBot(bot.store, bot.pipeline)

    async def test_a_pressed_button_runs_its_command_with_the_presser_s_rights(
        self, simcord_env: Env, channel: ChannelHandle
    ) -> None:
        ana = member(simcord_env, "ana")
        mia = member(simcord_env, "mia", manage_channels=True)
        refusals = [await actor.slash(channel, "assistant status") for actor in (ana, mia)]

        pressed = [
            await actor.click(offered.response, label="Clear")
            for actor, offered in zip((ana, mia), refusals, strict=True)
        ]

        assert "Only people who may manage this channel" in pressed[0].response.content
        assert pressed[1].response.content.startswith("I forgot this conversation")
        assert not pressed[1].response.ephemeral

    async def test_a_button_that_stands_for_no_command_any_more_is_told_of(
        self, simcord_env: Env, channel: ChannelHandle
    ) -> None:
        view = discord.ui.View()
        view.add_item(discord.ui.Button(label="Dance", custom_id="earshot:dance"))
        posted = await simcord_env.bot.get_channel(channel.id).send("shall we?", view=view)

        told = await member(simcord_env, "ana").click(posted, label="Dance")

        assert told.response.content.startswith('There is no command "dance".')
        assert told.response.ephemeral

    async def test_somebody_else_s_button_is_left_alone(
        self, simcord_env: Env, channel: ChannelHandle
    ) -> None:
        view = discord.ui.View()
        view.add_item(discord.ui.Button(label="Dance", custom_id="dancer:dance"))
        posted = await simcord_env.bot.get_channel(channel.id).send("shall we?", view=view)

        told = await member(simcord_env, "ana").click(posted, label="Dance")

        assert not told.acknowledged


async def test_what_is_sent_once_is_not_kept() -> None:
    offer = Offer("Clear", "clear confirm")

    made = [button(offer), about_form("Ask Earshot about this", "1")]

    assert all(view.is_finished() for view in made)


def test_an_offer_too_long_for_a_button_is_said_in_words() -> None:
    offer = Offer("Do it", "quiet " + "x" * 100)

    (shown,) = parts(CommandAnswer("Shall I?", ephemeral=True, offer=offer))

    assert shown.endswith(f"To do it, type /assistant {offer.command}.")
