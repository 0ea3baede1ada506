"""The invite link, and the permissions behind it."""

from urllib.parse import parse_qs, urlsplit

import discord

from bot.platforms.discord.invite import PERMISSIONS, invite_url, permissions


def test_the_link_adds_the_bot_with_its_commands():
    query = parse_qs(urlsplit(invite_url(1234)).query)

    assert query["client_id"] == ["1234"]
    assert query["scope"] == ["bot applications.commands"]
    assert query["permissions"] == [str(permissions().value)]


def test_it_asks_for_what_the_table_lists_and_nothing_else():
    asked = {name for name, given in permissions() if given}

    # The two names of one bit: discord.py lists the older one.
    listed = {permission.flag for permission in PERMISSIONS}
    assert asked == (listed - {"view_channel"}) | {"read_messages"}


def test_it_asks_for_no_power_over_people_or_channels():
    powers = discord.Permissions(
        administrator=True,
        ban_members=True,
        kick_members=True,
        manage_channels=True,
        manage_messages=True,
        manage_roles=True,
        manage_webhooks=True,
        mention_everyone=True,
        moderate_members=True,
    )

    assert not permissions().value & powers.value


def test_each_permission_has_a_reason_that_begins_a_clause():
    assert all(permission.reason.startswith("to ") for permission in PERMISSIONS)
