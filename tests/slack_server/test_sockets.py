"""Socket Mode, with the real client at the other end."""

import asyncio

import aiohttp
import pytest

from tests.slack_server.probe import Parrot, on_socket


@pytest.fixture
def parrot(slack):
    return Parrot(slack)


async def test_a_mention_is_answered(slack, parrot):
    async with on_socket(slack, parrot.bolt):
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} hello")

        (post,) = await slack.until_posted("general")
        await slack.until_delivered()

    assert (post.text, post.thread_ts) == (f"You said: {slack.bot.mention} hello", asked.ts)
    kinds = [one.payload["event"]["type"] for one in slack.deliveries.all]
    assert kinds == ["message", "app_mention", "message"]
    assert parrot.heard[0]["authorizations"][0]["user_id"] == slack.bot.id


async def test_a_ticket_is_good_for_one_connection(slack):
    url = slack.sockets.new_url()

    async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        hello = await ws.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(url)

    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert (caught.value.status, slack.sockets.refused) == (403, [403])


async def test_what_is_not_acknowledged_comes_again(slack):
    async with aiohttp.ClientSession() as http, http.ws_connect(slack.sockets.new_url()) as ws:
        await ws.receive_json()
        await slack.says("Alice", "general", "hello")
        first = await ws.receive_json()

        slack.sockets.redeliver()

        again = await ws.receive_json()
        await ws.send_json({"envelope_id": again["envelope_id"]})
        await slack.until_delivered()
    assert (first["retry_attempt"], first["retry_reason"]) == (0, "")
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert again["payload"]["event_id"] == first["payload"]["event_id"]
    assert slack.deliveries.all[0].tries == ["timeout", "ok"]


async def test_after_three_more_tries_it_is_lost(slack):
    slack.sockets.ack_within_s = 0.01
    async with aiohttp.ClientSession() as http, http.ws_connect(slack.sockets.new_url()) as ws:
        await ws.receive_json()

        await slack.says("Alice", "general", "hello")

        await slack.until_delivered()
    (delivery,) = slack.deliveries.all
    assert (delivery.lost, delivery.tries) == (True, ["timeout"] * 4)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_a_client_that_is_told_to_go_comes_back(slack, parrot, reason):
    async with on_socket(slack, parrot.bolt):
        slack.sockets.disconnect(reason)
        await slack.until(lambda: slack.sockets.opened == 2 and len(slack.sockets.connections) == 1)

        await slack.says("Alice", "general", f"{slack.bot.mention} still there?")

        await slack.until_posted("general")


async def test_what_is_said_while_the_line_is_down_comes_with_the_next(slack, parrot):
    async with on_socket(slack, parrot.bolt):
        slack.sockets.drop()
        await slack.until(lambda: not slack.sockets.connections)
        await slack.says("Alice", "general", f"{slack.bot.mention} hello")

        (post,) = await slack.until_posted("general")

    assert post.text.endswith("hello")
    assert slack.deliveries.all[0].tries[0] == "connection_failed"


async def test_what_is_forgotten_never_comes(slack, parrot):
    async with on_socket(slack, parrot.bolt):
        pass
    await slack.until(lambda: not slack.sockets.connections)
    await slack.says("Alice", "general", "early")
    slack.sockets.forget()

    async with on_socket(slack, parrot.bolt):
        await slack.says("Alice", "general", "late")
        await slack.until(lambda: parrot.heard)

    assert parrot.texts == ["late"]


async def test_a_client_whose_pings_are_not_answered_connects_anew(slack, parrot):
    async with on_socket(slack, parrot.bolt):
        await slack.until(lambda: slack.sockets.num_pings)

        slack.sockets.answers_pings = False

        await slack.until(lambda: slack.sockets.opened >= 2)
        slack.sockets.answers_pings = True


async def test_each_of_several_connections_gets_its_share(slack, parrot):
    other = Parrot(slack)
    async with on_socket(slack, parrot.bolt), on_socket(slack, other.bolt):
        await slack.until_connected(2)

        for n in range(4):
            await slack.says("Alice", "general", str(n))
        await slack.until(lambda: len(parrot.texts + other.texts) == 4)

    assert len(parrot.texts) == len(other.texts) == 2


async def test_handshakes_and_tickets_fail_on_purpose(slack, client):
    slack.faults.unavailable(on="socket")
    slack.faults.rate_limit(7, on="apps.connections.open")
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {slack.app_token}"}
        async with http.post(f"{slack.api_url}apps.connections.open", headers=headers) as told:
            assert (told.status, told.headers["Retry-After"]) == (429, "7")

        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(slack.sockets.new_url())

    assert caught.value.status == 503


async def test_a_handshake_is_held_back_or_broken(slack):
    async with aiohttp.ClientSession() as http:
        slack.faults.reset(on="socket")
        with pytest.raises(aiohttp.ClientError):
            await http.ws_connect(slack.sockets.new_url())
        gate = slack.faults.hold(on="socket")
        connecting = asyncio.create_task(http.ws_connect(slack.sockets.new_url()).__aenter__())
        await gate.reached.wait()
        assert not slack.sockets.connections

        gate.open()

        ws = await connecting
        assert (await ws.receive_json())["type"] == "hello"
        await ws.close()


async def test_events_come_twice_and_in_the_wrong_order(slack, parrot):
    async with on_socket(slack, parrot.bolt):
        slack.events.hold()
        await slack.says("Alice", "general", "first")
        await slack.says("Alice", "general", "second")
        slack.events.twice = True

        slack.events.release(backwards=True)

        await slack.until(lambda: len(parrot.texts) == 4)
    assert parrot.texts == ["second", "second", "first", "first"]


async def test_what_the_app_did_not_subscribe_to_it_does_not_hear(slack, parrot):
    slack.events.subscribed.discard("message.channels")
    away = slack.add_channel("away", bot_present=False)
    async with on_socket(slack, parrot.bolt):
        await slack.says("Alice", away, "not for you")
        await slack.says("Alice", "general", "nor this")
        await slack.says("Alice", "@Alice", "but this")

        await slack.until(lambda: parrot.texts)

    assert parrot.texts == ["but this"]
    assert [one["text"] for one in slack.events.unheard] == ["nor this"]
