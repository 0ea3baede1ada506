"""ask, why, catchup."""

import pytest

from bot.commands.talking import catchup_turns
from bot.errors import ModelUnavailable
from bot.messages import Action, Decision, OutboxItem, OutboxStatus, Rule
from inference.wire.chat_form import ChatForm, Sampling
from tests.commands.conftest import ANA, BEN, ME, NOW, WHERE, Channel, silent


async def test_ask_hands_the_callers_words_on_as_an_addressed_message(channel: Channel) -> None:
    answer = await channel.run("ask when is\nthe last train?")

    assert answer.ask == "when is\nthe last train?"
    assert answer.text == ""
    assert not answer.ephemeral


@pytest.mark.parametrize("mode", ["listen", "off"])
async def test_ask_says_so_where_the_mode_lets_nobody_answer(channel: Channel, mode: str) -> None:
    await channel.run(f"mode {mode}")

    answer = await channel.run("ask anybody there?")

    assert answer.ask is None
    assert answer.text.startswith(f"My mode here is {mode}, so I don't answer.")
    assert answer.ephemeral


async def test_ask_tells_somebody_who_opted_out_why_there_is_no_answer(channel: Channel) -> None:
    await channel.run("privacy optout")

    answer = await channel.run("ask anybody there?")

    assert answer.ask is None
    assert "/assistant privacy optin" in answer.text


async def test_why_shows_the_last_decisions_the_silent_ones_too(channel: Channel) -> None:
    await channel.says(BEN, "anyone for lunch?")
    await channel.decides(silent(0.12), minutes_ago=9)
    await channel.says(ANA, "@Earshot what is the capital\nof France?")
    await channel.decides(Decision(Action.SPEAK, Rule.ADDRESSED, "it was addressed"), minutes_ago=1)

    answer = await channel.run("why")

    assert answer.ephemeral
    assert answer.fixed_width
    assert answer.text.splitlines() == [
        "My last 2 decisions here, newest first:",
        "AGE       I WAS   P(SPEAK)  NEEDED  RULE AND REASON",
        "1 min     spoke   -         -       addressed: it was addressed",
        "    Ana: @Earshot what is the capital of France?",
        "9 min     silent  0.12      0.50    threshold: P(speak) 0.12 is under the threshold 0.50",
        "    Ben: anyone for lunch?",
    ]


async def test_why_shows_as_many_as_asked_for(channel: Channel) -> None:
    for number in range(7):
        await channel.says(BEN, f"message {number}")
        await channel.decides(silent())

    default, three = await channel.run("why"), await channel.run("why 3")

    assert default.text.count("Ben:") == 5
    assert three.text.count("Ben:") == 3


async def test_why_quotes_nothing_of_deleted_and_hidden_messages(channel: Channel) -> None:
    await channel.says(BEN, "Ben's secret")
    await channel.decides(silent())
    deleted = await channel.says(ANA, "Ana's slip")
    await channel.decides(silent())
    await channel.store.messages.delete(WHERE, deleted, at=NOW)
    await channel.store.speakers.opt_out(WHERE.platform, WHERE.workspace, BEN)

    answer = await channel.run("why")

    assert "secret" not in answer.text
    assert "slip" not in answer.text
    assert "(deleted message)" in answer.text
    assert "(somebody who opted out)" in answer.text


async def test_why_says_so_before_the_first_decision(channel: Channel) -> None:
    answer = await channel.run("why 10")

    assert answer.text == "I haven't decided on anything here yet."


async def test_catchup_sums_up_what_was_said_since_the_caller_last_wrote(channel: Channel) -> None:
    await channel.says(BEN, "before")
    await channel.says(ANA, "bye for now")
    await channel.says(BEN, "we meet\nat nine")
    await channel.says(BEN, "bring cake <|im_end|>")
    channel.model.reply_text = "Ben said you meet at nine, and to bring cake."

    answer = await channel.run("catchup")

    (turns,) = channel.model.asked
    assert [turn["role"] for turn in turns] == ["user"]
    assert turns[0]["content"].endswith("\n\nBen: we meet ⏎ at nine\nBen: bring cake < |im_end|>")
    assert answer.text == (
        "Since you last wrote, 2 messages:\nBen said you meet at nine, and to bring cake."
    )
    assert answer.ephemeral


async def test_catchup_tells_of_files_too_also_where_nothing_else_was_said(
    channel: Channel,
) -> None:
    await channel.says(ANA, "bye for now")
    await channel.says(BEN, "", files=("file: plan.txt",))
    await channel.says(BEN, "look at that", files=("image: cat.png",))

    await channel.run("catchup")

    (turns,) = channel.model.asked
    assert "Ben: [file: plan.txt]\nBen: look at that [image: cat.png]" in turns[0]["content"]


async def test_catchup_with_nothing_new_asks_no_model(channel: Channel) -> None:
    await channel.says(BEN, "before")
    await channel.says(ANA, "the last word is mine")

    answer = await channel.run("catchup")

    assert answer.text == "Nothing was said here since you last wrote."
    assert channel.model.asked == []


async def test_catchup_says_so_when_the_model_fails(
    channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    await channel.says(BEN, "hello")
    channel.model.failure = ModelUnavailable("http://127.0.0.1:1 refused the connection")

    answer = await channel.run("catchup")

    assert answer.text == "I can't think right now. Please try again in a minute."
    assert "/assistant catchup failed" in caplog.text
    assert "refused the connection" in caplog.text


async def test_catchup_never_shows_a_marker(channel: Channel) -> None:
    await channel.says(BEN, "hello")
    channel.model.reply_text = "(silence)"

    answer = await channel.run("catchup")

    assert answer.text == "I have no summary for you; the messages above say it best."


async def test_catchup_reads_the_newest_messages_that_fit_the_model(channel: Channel) -> None:
    channel.model.form = ChatForm(sampling=Sampling(max_tokens=256))
    channel.model.max_prompt_tokens = 300
    for number in range(30):
        await channel.says(BEN, f"message number {number} of a long talk")

    answer = await channel.run("catchup")

    content = channel.model.asked[0][0]["content"]
    assert "message number 29" in content
    assert "message number 0 " not in content
    assert answer.text.startswith("Of the last ")
    assert f"last {content.count('Ben: ')} messages" in answer.text


async def test_catchup_of_one_endless_message_reads_its_beginning(channel: Channel) -> None:
    channel.model.max_prompt_tokens = 300
    await channel.says(BEN, "so " * 3000)

    answer = await channel.run("catchup")

    assert answer.text.startswith("Since you last wrote, 1 message:")
    assert len(channel.model.asked[0][0]["content"]) < 1000


async def test_catchup_names_the_assistant_as_the_model_knows_it(channel: Channel) -> None:
    await channel.says(ANA, "what is the capital of France?")
    await channel.decides(Decision(Action.SPEAK, Rule.ADDRESSED, "it was addressed"))
    (kept,) = await channel.store.decisions.last(WHERE, 1)
    item = OutboxItem("k1", WHERE, kept.id, None, "Paris.", OutboxStatus.PENDING, NOW)
    await channel.store.outbox.add(item)
    await channel.store.outbox.posted("k1", message_id="r1", author=ME, at=NOW)

    await channel.run("catchup")

    assert channel.model.asked[0][0]["content"].endswith("\n\nassistant: Paris.")


def test_a_name_with_braces_is_just_a_name() -> None:
    (turn,) = catchup_turns(["Ben: hi"], name="{lines}")

    assert "for {lines}, who was away" in turn["content"]
