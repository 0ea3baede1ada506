"""Other web sites, opened in the same browser, can neither read nor write the room."""

import pytest

MESSAGE = {"id": "m1", "name": "Ana", "text": "hello"}
SAY = "/api/rooms/Lobby/messages"


async def test_every_answer_forbids_what_is_not_ours(client):
    for path in ("/", "/api/state", "/static/base.css", "/nothing"):
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8765"])
async def test_a_name_that_was_pointed_at_us_is_refused(client, host):
    assert (await client.get("/api/state", headers={"host": host})).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "127.0.0.1", "[::1]:8765"])
async def test_this_machines_own_names_are_accepted(client, host):
    assert (await client.get("/api/state", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_site_cannot_write(client, headers):
    answer = await client.post(SAY, json=MESSAGE, headers=headers)

    assert answer.status_code == 403
    assert answer.json() == {"error": "Only the room's own page may do this."}


async def test_the_rooms_own_page_can_write(client, running):
    headers = {"origin": running.url, "sec-fetch-site": "same-origin"}

    assert (await client.post(SAY, json=MESSAGE, headers=headers)).status_code == 201


async def test_a_form_of_another_site_cannot_pass_for_json(client):
    headers = {"content-type": "text/plain"}

    answer = await client.post(SAY, content=b'{"id": "m1"}', headers=headers)

    assert answer.status_code == 415


async def test_a_body_of_unknown_length_is_refused(client):
    async def endless():
        yield b"x"

    answer = await client.post(SAY, content=endless())

    assert answer.status_code == 411
