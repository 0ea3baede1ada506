"""Commands, buttons, forms, home and the assistant pane, with the real Bolt at the other end."""

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.slack_server.modals import check_view
from tests.slack_server.probe import on_http, on_socket
from tests.slack_server.refusals import Refused


@pytest.fixture
def app(slack, client):
    return AsyncApp(client=client, signing_secret=slack.signing_secret)


@pytest.fixture(params=[on_socket, on_http], ids=["socket", "http"])
async def running(request, slack, app):
    async with request.param(slack, app):
        yield app


def plain(text):
    return {"type": "plain_text", "text": text}


def button(label, action_id, value="1"):
    return {"type": "button", "text": plain(label), "action_id": action_id, "value": value}


def form(**more):
    tones = [{"text": plain(one.title()), "value": one} for one in ("calm", "wild")]
    words = {"type": "plain_text_input", "action_id": "words", "max_length": 10}
    tone = {"type": "static_select", "action_id": "tone", "options": tones}
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Settings"),
        "submit": plain("Save"),
        "blocks": [
            {"type": "input", "block_id": "w", "label": plain("Words"), "element": words},
            {"type": "input", "optional": True, "label": plain("Tone"), "element": tone},
        ],
        **more,
    }


async def test_a_command_is_answered_to_the_one_who_gave_it(slack, running):
    @running.command("/assistant")
    async def why(ack, respond):
        await ack("One moment.")
        await respond("Because.")
        await respond("All see this.", response_type="in_channel")

    done = await slack.slash("Alice", "general", "/assistant", "why")
    await slack.until(lambda: len(done.shown) == 3)

    assert done.acknowledged
    seen_by_all = [one.text for one in slack.posts("general")]
    assert ("One moment." in done.texts, seen_by_all) == (True, ["All see this."])
    whispers = [one.text for one in slack.whispers("general", "Alice")]
    assert sorted(whispers) == ["Because.", "One moment."]
    assert slack.whispers("general", "Bob") == []


async def test_a_response_url_is_good_five_times_and_half_an_hour(slack, running):
    @running.command("/assistant")
    async def quiet(ack):
        await ack()

    done = await slack.slash("Alice", "general", "/assistant")
    hook = AsyncWebhookClient(done.response_url)
    statuses = [(await hook.send(text=str(n))).status_code for n in range(6)]
    late = await slack.slash("Alice", "general", "/assistant")
    slack.clock.advance(1800)

    assert statuses == [200] * 5 + [404]
    assert (await AsyncWebhookClient(late.response_url).send(text="x")).status_code == 404


async def test_a_button_changes_the_message_it_is_on(slack, running, client):
    @running.action("like")
    async def like(ack, respond, body):
        await ack()
        await respond(f"Liked {body['actions'][0]['value']}", replace_original=True)

    row = {"type": "actions", "elements": [button("Like", "like", "7")]}
    await client.chat_postMessage(channel=slack.general.id, text="Nice?", blocks=[row])
    (post,) = slack.posts("general")

    await slack.presses("Alice", post, "Like")

    await slack.until(lambda: post.text == "Liked 7")


async def test_a_form_is_opened_filled_in_and_sent(slack, running, client):
    sent = []

    @running.command("/assistant")
    async def show(ack, body):
        await client.views_open(trigger_id=body["trigger_id"], view=form())
        await ack()

    @running.view("form")
    async def save(ack, view):
        words = view["state"]["values"]["w"]["words"]["value"]
        if words == "bad":
            await ack(response_action="errors", errors={"w": "Not that."})
            return
        sent.append(view["state"]["values"])
        await ack()

    await slack.slash("Alice", "general", "/assistant", "settings")
    view = await slack.until_modal("Alice")
    refused = await slack.submits("Alice", words="bad")
    await slack.until(lambda: refused.errors)
    assert slack.modal("Alice") is view
    await slack.submits("Alice", words="good", tone="Wild")
    await slack.until(lambda: slack.modal("Alice") is None)

    (values,) = sent
    assert values["w"]["words"] == {"type": "plain_text_input", "value": "good"}
    (tone,) = [one["tone"]["selected_option"]["value"] for one in values.values() if "tone" in one]
    assert tone == "wild"


async def test_what_no_client_could_send_fails_the_test(slack, client):
    done = await begun(slack)
    await client.views_open(trigger_id=done.trigger_id, view=form())

    for values in ({}, {"words": "more than ten letters"}, {"words": "x", "tone": "loud"}):
        with pytest.raises(AssertionError):
            await slack.submits("Alice", **values)
        slack.modal("Alice").chosen.clear()
    with pytest.raises(AssertionError):
        slack.fills_in(slack.modal("Alice"), wrods="x")


async def begun(slack):
    """Something whose trigger can be used, whoever hears of it."""
    return await slack.shortcut("Alice", "any")


async def test_a_trigger_is_good_once_and_for_three_seconds(slack, client):
    first, late = await begun(slack), await begun(slack)
    await client.views_open(trigger_id=first.trigger_id, view=form())
    slack.clock.advance(3)

    assert await refusal(client.views_open(trigger_id=first.trigger_id, view=form())) == (
        "exchanged_trigger_id"
    )
    assert await refusal(client.views_open(trigger_id=late.trigger_id, view=form())) == (
        "expired_trigger_id"
    )


async def refusal(asked):
    with pytest.raises(SlackApiError) as caught:
        await asked
    return caught.value.response["error"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": plain("x" * 25)},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"blocks": [{"type": "divider"}] * 101},
        {"blocks": [{"type": "actions", "elements": [button("x" * 76, "a")]}]},
        {"blocks": [{"type": "actions", "elements": [button("a", "x" * 256)]}]},
        {"blocks": [{"type": "actions", "elements": [button("a", "b", "x" * 2001)]}]},
        {"colour": "red"},
    ],
)
def test_what_no_form_may_be_is_refused(wrong):
    check_view(form(), "modal")

    with pytest.raises(Refused):
        check_view(form(**wrong), "modal")


async def test_the_home_is_published_and_pressed(slack, running, client):
    pressed = []

    @running.event("app_home_opened")
    async def home(event):
        blocks = [{"type": "actions", "elements": [button("Opt out", "out")]}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @running.action("out")
    async def out(ack, body):
        await ack()
        pressed.append(body["view"]["type"])
        slack.changed()

    await slack.opens_home("Alice")
    await slack.until(lambda: slack.home("Alice"))
    await slack.presses("Alice", slack.home("Alice"), "out")
    await slack.until(lambda: pressed)

    assert pressed == ["home"]


async def test_a_shortcut_carries_its_message(slack, running):
    asked = []

    @running.shortcut("ask_about")
    async def ask(ack, shortcut, respond):
        await ack()
        asked.append(shortcut["message"]["text"])
        await respond("Thinking.")

    said = await slack.says("Alice", "general", "What is a quay?")
    done = await slack.message_shortcut("Bob", said, "ask_about")
    await slack.until(lambda: done.shown)

    assert (asked, done.texts) == (["What is a quay?"], ["Thinking."])


async def test_the_assistant_pane_greets(slack, running, client):
    @running.event("assistant_thread_started")
    async def greet(event):
        thread = event["assistant_thread"]
        where = {"channel_id": thread["channel_id"], "thread_ts": thread["thread_ts"]}
        prompts = [{"title": "Sum up", "message": "Sum up this channel"}]
        await client.assistant_threads_setSuggestedPrompts(**where, prompts=prompts)
        await client.assistant_threads_setTitle(**where, title="A chat")
        await client.assistant_threads_setStatus(**where, status="is thinking...")
        await client.chat_postMessage(
            channel=thread["channel_id"], thread_ts=thread["thread_ts"], text="Hello!"
        )

    @running.event("message")
    async def heard():
        pass

    pane = await slack.opens_pane("Alice", beside="general")
    (post,) = await slack.until_posted(pane.channel, 1)
    await slack.until(lambda: pane.status == "")

    assert (post.text, post.thread_ts) == ("Hello!", pane.thread_ts)
    assert (pane.title, [one["title"] for one in pane.prompts]) == ("A chat", ["Sum up"])
    assert pane.statuses == ["is thinking...", ""]
    elsewhere = client.assistant_threads_setStatus(
        channel_id=slack.general.id, thread_ts="1700000000.000001", status="x"
    )
    assert await refusal(elsewhere) == "invalid_thread_ts"
