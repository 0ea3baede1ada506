import pytest

from tests.discord_server.command_checks import COMMANDS, num_characters

GOOD = {"name": "ask", "description": "Ask it"}
VALUE = {"type": 3, "name": "text", "description": "What"}


def errors_of(**changes) -> dict:
    """Give what is wrong with a command that is good but for these."""
    return COMMANDS([{**GOOD, **changes}]).get("0", {})


def with_option(**changes) -> dict:
    return errors_of(options=[{**VALUE, **changes}])


@pytest.mark.parametrize("name", ["ask", "frag-es", "質問", "वह", "l'eau", "x" * 32])
def test_names_of_many_scripts_are_good(name):
    assert errors_of(name=name) == {}


@pytest.mark.parametrize("name", ["Ask", "ask it", "", "x" * 33, "ask!", 5])
def test_other_names_are_refused(name):
    assert "name" in errors_of(name=name)


@pytest.mark.parametrize(
    "changes",
    [
        {"description": ""},
        {"description": "x" * 101},
        {"descriptoin": "typo"},
        {"name_localizations": {"xx": "frag"}},
        {"name_localizations": {"de": "Frag"}},
        {"options": [{**VALUE, "name": f"n{n}"} for n in range(26)]},
        {"options": [VALUE, VALUE]},
        {"options": [VALUE, {**VALUE, "name": "other", "required": True}]},
        {"options": [VALUE, {**VALUE, "name": "inner", "type": 1}]},
        {"default_member_permissions": 32},
        {"contexts": [3]},
    ],
)
def test_what_the_documentation_forbids_is_refused(changes):
    assert errors_of(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"description": ""},
        {"type": 12},
        {"choices": [{"name": "one", "value": 1}]},
        {"choices": [{"name": "x" * 101, "value": "1"}]},
        {"choices": [{"name": f"n{n}", "value": "v"} for n in range(26)]},
        {"choices": [{"name": "one", "value": "1"}] * 2},
        {"choices": [{"name": "one", "value": "1"}], "autocomplete": True},
    ],
)
def test_options_are_checked_as_well(changes):
    assert with_option(**changes)


def test_an_error_says_where_it_is():
    errors = COMMANDS(
        [GOOD, {"name": "a", "description": "b", "options": [{**VALUE, "name": "?"}]}]
    )

    (fault,) = errors["1"]["options"]["0"]["name"]["_errors"]
    assert fault["code"] == "APPLICATION_COMMAND_INVALID_NAME"


def test_a_command_of_8001_characters_is_refused():
    texts = [{**VALUE, "name": f"n{n:02}", "description": "x" * 100} for n in range(25)]
    groups = [
        {"type": 1, "name": name, "description": "d", "options": texts}
        for name in ("aa", "bb", "cc")
    ]
    command = {**GOOD, "options": groups}
    left = 8000 - num_characters(command)

    full = {**command, "options": [*groups, filler(left)]}
    over = {**command, "options": [*groups, filler(left + 1)]}

    assert num_characters(full) == 8000
    assert COMMANDS([full]) == {}
    assert COMMANDS([over])["0"]["_errors"][0]["code"] == "APPLICATION_COMMAND_TOO_LARGE"


def filler(num: int) -> dict:
    """Give a subcommand of so many characters."""
    inner, left = [], num - 3
    while left > 0:
        size = min(left, 100)
        inner.append({**VALUE, "name": f"{len(inner)}", "description": "x" * (size - 1)})
        left -= size
    return {"type": 1, "name": "zz", "description": "d", "options": inner}


def test_of_a_text_in_several_languages_the_longest_counts():
    several = {**GOOD, "description_localizations": {"de": "Frag es, was du magst", "fr": "Va"}}

    assert num_characters(several) == len("ask") + len("Frag es, was du magst")


def test_the_names_of_one_kind_differ():
    menu = {"name": "ask", "type": 3}

    assert COMMANDS([GOOD, menu]) == {}
    assert "_errors" in COMMANDS([GOOD, GOOD])


async def test_a_command_that_stays_keeps_its_id_and_translations_come_on_demand(server, client):
    application_id = int(server.application_id)
    named = {**GOOD, "name_localizations": {"de": "frag"}}
    (first,) = await client.http.bulk_upsert_global_commands(application_id, [named])
    again = await client.http.bulk_upsert_global_commands(
        application_id, [named, {**GOOD, "name": "other"}]
    )

    assert again[0]["id"] == first["id"]
    assert again[0]["version"] != first["version"]
    (plain, _) = await client.http.get_global_commands(application_id)
    assert "name_localizations" not in plain
    of_guild = await client.http.get_guild_commands(application_id, int(server.guild.id))
    assert of_guild == []
