"""The room is set and asked: its settings, and the same commands as everywhere, over HTTP."""

import pytest

from bot.errors import ModelUnavailable


async def test_settings_are_changed_one_by_one_and_the_dial_says_what_it_means(client):
    changed = await client.patch("/api/rooms/Lobby/settings", json={"eagerness": 0})
    await client.patch("/api/rooms/Lobby/settings", json={"mode": "mention", "persona": "a pirate"})
    settings = (await client.get("/api/rooms/Lobby")).json()["settings"]

    assert changed.json()["meaning"] == "It speaks only when it is addressed."
    assert (settings["mode"], settings["eagerness"]) == ("mention", 0)
    assert settings["persona"] == "a pirate"


async def test_limits_are_set_and_taken_back(client):
    async def change(**limits):
        answer = (await client.patch("/api/rooms/Lobby/settings", json=limits)).json()
        return answer["max_share_of_voice"], answer["cooldown_s"]

    assert await change(max_share_of_voice=0.2) == (0.2, 0.0)
    assert await change(cooldown_s=300) == (0.2, 300.0)
    assert await change(max_share_of_voice=None, mode=None) == (None, 300.0)
    assert await change(cooldown_s=0) == (None, 0.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"eagerness": 101},
        {"mode": "loud"},
        {"volume": 3},
        {"max_share_of_voice": 1.5},
        {"cooldown_s": -1},
    ],
)
async def test_settings_that_do_not_exist_are_refused(client, bad):
    answer = await client.patch("/api/rooms/Lobby/settings", json=bad)

    assert answer.status_code == 422
    assert next(iter(bad)) in answer.json()["error"]


async def test_a_step_of_the_dial_is_explained_before_it_is_chosen(client):
    answer = (await client.get("/api/eagerness/70")).json()

    assert answer["threshold"] == pytest.approx(0.3)
    assert "not calibrated" in answer["meaning"]


async def test_the_dial_promises_nothing_while_no_model_answers(client, house, running):
    running.status.state = "loading"
    loading = (await client.get("/api/eagerness/70")).json()
    running.status.state = "ready"
    house.model.failure = ModelUnavailable("down")
    failing = (await client.get("/api/eagerness/70")).json()

    assert loading == failing
    assert "known once it is loaded" in loading["meaning"]
    assert loading["threshold"] is None


async def command(client, text, *, name="Ana"):
    body = {"id": "c1", "name": name, "text": text}
    return (await client.post("/api/rooms/Lobby/commands", json=body)).json()


async def test_a_command_for_the_askers_eyes_is_answered_and_not_said(say, client, running):
    await say("m1", "lunch was great")
    await running.settled()

    answer = await command(client, "why 1")

    assert answer["ephemeral"]
    assert "0.10" in answer["text"]
    assert len((await running.settled())["messages"]) == 1


async def test_a_command_changes_the_settings_of_the_room(client):
    answer = await command(client, "eagerness 20")

    assert not answer["ephemeral"]
    settings = (await client.get("/api/rooms/Lobby")).json()["settings"]
    assert settings["eagerness"] == 20


async def test_asking_is_an_addressed_message(client, running):
    await command(client, "ask what is the capital of France")

    question, reply = (await running.settled())["messages"]
    assert question["addressed"]
    assert question["text"] == "what is the capital of France"
    assert reply["text"] == "Paris."


async def test_the_commands_are_listed_for_completion(client):
    listed = (await client.get("/api/commands")).json()

    names = {entry["name"]: entry for entry in listed}
    assert {"ask", "why", "mode", "eagerness", "privacy", "help"} <= set(names)
    assert "optout" in {sub["name"] for sub in names["privacy"]["subcommands"]}
    assert "listen" in names["mode"]["arguments"][0]["choices"]
