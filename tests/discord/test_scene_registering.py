"""What Discord is told of the commands, and when."""


def registrations(server):
    return server.asked("PUT", "/commands")


async def test_commands_are_registered_once_however_often_it_starts(chat, server):
    for _ in range(2):
        async with chat.running():
            pass

    assert len(registrations(server)) == 1


async def test_commands_of_one_server_stay_in_that_server(chat, server):
    chat.changes["discord_command_guild"] = server.guild.id
    async with chat.running():
        assert list(server.commands) == [server.guild.id]


async def test_commands_are_offered_in_the_languages_of_people(talk, server):
    assistant, menu = server.commands[""]

    for locale in ("de", "fr", "es-ES", "ja", "zh-CN"):
        assert locale in menu["name_localizations"]
        assert all(locale in option["name_localizations"] for option in assistant["options"])
        assert locale in assistant["description_localizations"]


async def test_everybody_is_offered_the_commands(talk, server):
    assert all(command["default_member_permissions"] is None for command in server.commands[""])
    assert (await server.member("Mia").slash("assistant status")).ephemeral


async def test_commands_that_discord_would_not_take_are_told_at_the_next_start(chat, server):
    refusal = {"message": "Max number of daily application command creates", "code": 30034}
    server.faults.respond(400, refusal, on="PUT */commands")
    async with chat.running():
        assert not server.commands

    async with chat.running():
        await server.until(lambda: server.commands)
