import asyncio

import discord
import pytest

from tests.discord_server import Permission
from tests.discord_server.probe import Ears, ready

TEXT, WHOLE, CHANNEL = 3, 4, 7
COMMANDS = [
    {
        "name": "assistant",
        "description": "Talk with it",
        "options": [
            {
                "type": 1,
                "name": "mode",
                "description": "When it speaks",
                "options": [
                    {
                        "type": TEXT,
                        "name": "mode",
                        "description": "Which",
                        "required": True,
                        "choices": [{"name": one, "value": one} for one in ("active", "off")],
                    },
                    {"type": WHOLE, "name": "for-days", "description": "d", "max_value": 7},
                ],
            },
            {
                "type": 2,
                "name": "quiet",
                "description": "When it does not",
                "options": [
                    {
                        "type": 1,
                        "name": "hours",
                        "description": "h",
                        "options": [
                            {
                                "type": TEXT,
                                "name": "zone",
                                "description": "z",
                                "autocomplete": True,
                            },
                            {"type": CHANNEL, "name": "where", "description": "w"},
                        ],
                    }
                ],
            },
        ],
    },
    {"name": "Why this?", "type": 3},
]


@pytest.fixture
async def client(server):
    async with ready(Ears(server)) as ears:
        await ears.http.bulk_upsert_global_commands(int(server.application_id), COMMANDS)
        yield ears


@pytest.fixture
def mia(server):
    return server.member("Mia")


async def test_a_command_arrives_with_its_values_typed(server, client, mia):
    given = await mia.slash("assistant mode", mode="off", for_days=3, wait=False)
    asked = await client.next_asked()

    (inner,) = asked.data["options"]
    assert inner["options"] == [
        {"name": "mode", "type": TEXT, "value": "off"},
        {"name": "for-days", "type": WHOLE, "value": 3},
    ]
    assert (asked.user.id, asked.channel, asked.id) == (int(mia.id), client.room, int(given.id))


async def test_the_name_of_the_only_command_can_be_left_out(server, client, mia):
    given = await mia.slash("quiet hours", where=server.general, wait=False)

    assert given.data["name"] == "assistant"
    assert given.data["options"][0]["options"][0]["name"] == "hours"


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("assistant nod", {}, "has no 'nod'"),
        ("assistant quiet", {}, "wants one of"),
        ("assistant mode", {}, "wants the option 'mode'"),
        ("assistant mode", {"mode": "loud"}, "is one of"),
        ("assistant mode", {"mode": "off", "for_days": 8}, "above max_value"),
        ("assistant mode", {"mode": "off", "for_days": True}, "cannot be True"),
        ("assistant mode", {"mode": "off", "why": "so"}, "has no option 'why'"),
    ],
)
async def test_what_no_client_could_send_fails_the_test(client, mia, path, values, words):
    with pytest.raises(AssertionError, match=words):
        await mia.slash(path, **values)


async def test_a_command_that_nobody_registered_fails_the_test(server, mia):
    with pytest.raises(AssertionError, match="registered"):
        await mia.slash("assistant mode", mode="off")


async def test_a_command_for_moderators_is_not_shown_to_others(server, client, mia):
    only_mods = {**COMMANDS[0], "default_member_permissions": str(int(Permission.MANAGE_GUILD))}
    await client.http.bulk_upsert_global_commands(int(server.application_id), [only_mods])

    with pytest.raises(AssertionError, match="not shown"):
        await mia.slash("assistant mode", mode="off")
    await server.founder.slash("assistant mode", mode="off", wait=False)


async def test_a_command_is_answered_at_once(server, client, mia):
    answering = answer_next(client, lambda asked: asked.response.send_message("It is off."))
    given, _ = await together(mia.slash("assistant mode", mode="off"), answering)

    assert (given.text, given.ephemeral, given.deferred) == ("It is off.", False, False)
    assert server.posts(server.general) == [given.original]
    await server.until(lambda: client.texts == ["It is off."])


async def test_an_answer_for_one_person_is_seen_by_nobody_else(server, client, mia):
    async def answer(asked):
        await asked.response.send_message("Only you.", ephemeral=True)
        await client.room.send("All of you.")

    given, _ = await together(mia.slash("assistant mode", mode="off"), answer_next(client, answer))
    await server.until(lambda: client.heard)

    assert (given.ephemeral, given.original.seen_by) == (True, mia.user)
    assert client.texts == ["All of you."]
    assert [post.content for post in server.posts(server.general)] == ["All of you."]


async def test_the_first_followup_takes_the_place_of_thinking(server, client, mia):
    async def answer(asked):
        await asked.response.defer(thinking=True)
        assert server.posts(server.general) == []
        await asked.followup.send("Here.")
        await asked.followup.send("And here.")
        await asked.edit_original_response(content="Here, better.")

    given, _ = await together(mia.slash("assistant mode", mode="off"), answer_next(client, answer))

    assert given.deferred
    assert [one.versions for one in given.messages] == [
        ["", "Here.", "Here, better."],
        ["And here."],
    ]
    assert given.followups[0].reply_to_id == given.original.id


async def test_a_private_thought_stays_private(server, client, mia):
    async def answer(asked):
        await asked.response.defer(thinking=True, ephemeral=True)
        await asked.followup.send("Here.", ephemeral=False)

    given, _ = await together(mia.slash("assistant mode", mode="off"), answer_next(client, answer))

    assert (given.text, given.ephemeral) == ("Here.", True)
    assert client.texts == []


async def test_an_answer_after_three_seconds_is_refused(server, client, mia):
    await mia.slash("assistant mode", mode="off", wait=False)
    asked = await client.next_asked()
    server.clock.advance(3.1)

    with pytest.raises(discord.NotFound) as raised:
        await asked.response.defer()

    assert raised.value.code == 10062


async def test_a_second_answer_is_refused(server, client, mia):
    await mia.slash("assistant mode", mode="off", wait=False)
    asked = await client.next_asked()
    await asked.response.defer()
    asked.response._response_type = None  # let the client forget that it answered

    with pytest.raises(discord.HTTPException) as raised:
        await asked.response.send_message("Again.")

    assert raised.value.code == 40060


async def test_nothing_follows_after_fifteen_minutes(server, client, mia):
    await mia.slash("assistant mode", mode="off", wait=False)
    asked = await client.next_asked()
    await asked.response.defer()
    server.clock.advance(901)

    with pytest.raises(discord.NotFound) as raised:
        await asked.followup.send("Late.")

    assert raised.value.code == 10015


async def test_an_answer_that_is_too_long_is_refused(server, client, mia):
    await mia.slash("assistant mode", mode="off", wait=False)
    asked = await client.next_asked()

    with pytest.raises(discord.HTTPException) as raised:
        await asked.response.send_message("x" * 2001)
    await asked.response.send_message("Shorter.")

    assert raised.value.code == 50035


async def test_suggestions_come_while_a_value_is_typed(server, client, mia):
    async def answer(asked):
        (group,) = asked.data["options"]
        (option,) = group["options"][0]["options"]
        assert option == {"name": "zone", "type": TEXT, "value": "Eu", "focused": True}
        await asked.response.autocomplete(
            [discord.app_commands.Choice(name="Europe/Paris", value="p")]
        )

    names, _ = await together(
        mia.is_typing("quiet hours", option="zone", zone="Eu"), answer_next(client, answer)
    )

    assert names == ["Europe/Paris"]


async def test_the_menu_of_a_message_brings_the_message_along(server, client, mia):
    message = await mia.says(server.general, "hm")

    async def answer(asked):
        shown = asked.data["resolved"]["messages"][asked.data["target_id"]]
        await asked.response.send_message(f"about {shown['content']!r}", ephemeral=True)

    given, _ = await together(mia.asks_about(message), answer_next(client, answer))

    assert given.text == "about 'hm'"


async def test_a_button_is_pressed_and_its_message_changes(server, client, mia):
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Undo", custom_id="undo:1"))
    await client.room.send("Done.", view=view)
    (post,) = server.posts(server.general)

    given, _ = await together(
        mia.presses(post, "Undo"),
        answer_next(
            client, lambda asked: asked.response.edit_message(content="Undone.", view=None)
        ),
    )

    assert given.data["custom_id"] == "undo:1"
    assert (post.content, post.components) == ("Undone.", [])


async def test_a_form_is_filled_in(server, client, mia):
    class Form(discord.ui.Modal, title="Why?"):
        reason = discord.ui.TextInput(label="Reason", custom_id="reason")

        async def on_submit(self, asked):
            await asked.response.send_message(f"because {self.reason.value}")

    shown, _ = await together(
        mia.slash("assistant mode", mode="off"),
        answer_next(client, lambda asked: asked.response.send_modal(Form())),
    )
    given = await mia.submits(shown, reason="it rains")

    assert given.text == "because it rains"


async def test_commands_work_in_direct_messages(server, client, mia):
    given, _ = await together(
        mia.slash("assistant mode", where=mia.dm, mode="off"),
        answer_next(client, lambda asked: asked.response.send_message(str(asked.guild_id))),
    )

    assert given.text == "None"


async def together(*actions):
    """Do what the person and the client do at once."""
    return await asyncio.gather(*actions)


async def answer_next(client, answer):
    await answer(await client.next_asked())
