"""What Discord is told of the commands, and when."""

from tests.discord.weather import Weather
from tests.logs import logged
from tests.waiting import seen


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


async def test_the_command_of_an_app_that_has_an_activity_stays(chat, server):
    launch = {"id": "77", "type": 4, "name": "launch", "description": "", "handler": 2}
    server.commands[""] = [launch]

    async with chat.running():
        await server.until(lambda: len(server.commands[""]) == 3)

    assert [(each["name"], each["id"]) for each in server.commands[""]][-1] == ("launch", "77")


async def test_commands_of_one_server_say_nothing_of_where_else_they_are(chat, server):
    chat.changes["discord_command_guild"] = server.guild.id
    async with chat.running():
        pass

    (told,) = registrations(server)
    assert not any({"contexts", "integration_types"} & command.keys() for command in told.body)


async def test_commands_that_discord_does_not_take_are_told_again_more_and_more_rarely(
    server, database_url, caplog
):
    server.faults.respond(400, {"message": "no", "code": 0}, on="PUT */commands", times=999)
    chat = Weather(server, database_url)
    async with chat.running():
        await seen(lambda: any("could not be registered" in line for line in logged(caplog)))
        tried = []
        for number in range(1, 17):
            num_before = len(registrations(server))
            await chat.bot.commands.try_again(chat.bot.client)
            if len(registrations(server)) > num_before:
                tried.append(number)

    assert tried == [1, 3, 7, 15]
