"""What Earshot's words look like on Slack, how they grow, and whom they ping."""

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Mode
from bot.notices import CANNOT_THINK, LISTENING, OPTED_OUT
from tests.fakes import PausingModel

QUESTION = "what is the capital of France?"
LONG = "\n".join(f"{n}. {'-'.join(['word'] * 8)}" for n in range(400))


async def test_an_answer_shows_while_it_is_written(chat, slack):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.until(lambda: chat.posts() == ["The capital of France is"])
        assert chat.messages()[0].streaming

        chat.model.may_go_on.set()
        await chat.heard(asked)

        (answer,) = chat.messages()
        assert answer.versions == ["The capital of France is", "The capital of France is Paris."]
        assert not answer.streaming
        assert (await chat.history())[-1] == ("Earshot", answer.versions[-1])


async def test_where_streams_are_refused_an_answer_grows_by_edits(chat, slack):
    slack.team.stream_error = "method_not_supported_for_channel_type"
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.until(lambda: chat.posts() == ["The capital of France is"])

        chat.model.may_go_on.set()
        await chat.heard(asked)

        (answer,) = chat.messages()
        assert answer.versions == ["The capital of France is", "The capital of France is Paris."]
        assert (answer.streamed, answer.thread_ts) == (False, asked.ts)


async def test_an_unasked_answer_appears_whole_for_people_may_yet_move_on(chat, slack):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        said = await slack.says("Alice", "general", "does anybody know the capital of France?")
        await chat.model.is_writing.wait()
        assert chat.posts() == []

        chat.model.may_go_on.set()
        await chat.heard(said)

        (answer,) = chat.messages()
        assert answer.versions == ["The capital of France is Paris."]
        assert answer.thread_ts is None


async def test_an_answer_appears_whole_where_streaming_is_off(chat, slack):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await chat.types("Olga", "replies stream off")
        before = len(chat.posts())
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await chat.model.is_writing.wait()
        assert len(chat.posts()) == before

        chat.model.may_go_on.set()
        await chat.heard(asked)

        assert chat.messages()[-1].versions == ["The capital of France is Paris."]


async def test_what_people_saw_growing_ends_as_the_history_has_it(chat, slack):
    whole = "# Paris\n\nIt is **the** capital: see [more](https://a.example).| And `that` is all."
    chat.model = PausingModel(reply_text=whole)
    async with chat.running():
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.until(lambda: chat.posts())
        chat.model.may_go_on.set()
        await chat.heard(asked)

        (answer,) = chat.messages()
        said = whole.replace("|", "")
        assert (await chat.history())[-1] == ("Earshot", said)
        for word in ("Paris", "capital", "https://a.example", "that", "is all."):
            assert word in answer.versions[-1]
        assert not slack.pinged


async def test_a_long_answer_comes_in_messages_that_are_short_enough(talk, slack):
    talk.model.reply_text = LONG

    asked = await talk.asks("Alice", "tell me everything")

    answers = talk.messages()
    assert len(answers) > 1
    assert {answer.thread_ts for answer in answers} == {asked.ts}
    assert "\n".join(answer.text for answer in answers).splitlines() == LONG.splitlines()
    assert (await talk.history())[-1] == ("Earshot", LONG)


async def test_long_code_stays_code_in_each_of_its_messages(talk, slack):
    code = "".join(f"print({n})#one-more-line-of-code\n" for n in range(600))
    talk.model.reply_text = f"Here it is:\n```python\n{code}```\nThat is all."

    await talk.asks("Alice", "write me a program")

    assert len(talk.posts()) > 1
    assert all(post.count("```") % 2 == 0 for post in talk.posts())
    printed = [line for post in talk.posts() for line in post.splitlines() if "print(" in line]
    assert [line.strip() for line in printed] == code.splitlines()


SHOUTS = "<!channel> <!here> <!everyone> @channel @here @everyone {ben} {crew} &lt;!channel&gt;"


@pytest.mark.parametrize("how", ["streamed", "edited", "whole", "unasked", "direct"])
async def test_whatever_the_model_writes_nobody_is_pinged(chat, slack, how):
    ben, crew = slack.member("Ben"), slack.add_group("crew", "Ben")
    shout = SHOUTS.format(ben=ben.mention, crew=crew.mention)
    # The model pauses within a mark, which alone is harmless.
    chat.model = PausingModel()
    chat.model.reply_text = f"{shout} <!chan|nel> {shout} **<@{ben.id}>** `<!here>` <!here|here>"
    if how == "edited":
        slack.team.stream_error = "method_not_supported_for_channel_type"
    where = "@Alice" if how == "direct" else "general"
    async with chat.running():
        await chat.set(stream_replies=how != "whole")
        words = "who is here?" if how == "unasked" else f"{slack.bot.mention} who is here?"
        asked = await slack.says("Alice", where, words)
        if how in ("streamed", "edited", "direct"):
            await slack.until(lambda: chat.posts(where))
        chat.model.may_go_on.set()
        await chat.heard(asked)

        (answer,) = chat.messages(where)
        assert "here" in answer.text
        assert slack.pinged == []


async def test_links_in_an_answer_show_no_previews(talk, slack):
    talk.model.reply_text = "See https://example.com for more."

    await talk.says("Alice", "where can I read on?")

    (answer,) = talk.messages()
    assert (answer.asked["unfurl_links"], answer.asked["unfurl_media"]) == (False, False)


async def test_who_asks_is_told_that_the_model_fails(talk, slack):
    talk.model.failure = ModelUnavailable("gone")

    asked = await talk.asks("Alice", QUESTION)

    (notice,) = talk.messages()
    assert (notice.text, notice.thread_ts) == (CANNOT_THINK, asked.ts)


async def test_where_nobody_asked_a_failing_model_is_told_nobody(talk, slack):
    talk.model.failure = ModelUnavailable("gone")

    await talk.says("Alice", "the capital of France?")

    assert talk.posts() == []
    (decision,) = await talk.store.decisions.last(talk.place(), 5)
    assert decision.decision.action == "failed"


async def test_who_asks_where_it_only_listens_is_told_so_once_and_alone(talk, slack):
    await talk.set(mode=Mode.LISTEN)

    for _ in range(2):
        await talk.asks("Alice", QUESTION)

    (notice,) = slack.whispers("general", "Alice")
    assert (notice.text, notice.thread_ts) == (LISTENING, None)
    assert talk.posts() == []


async def test_who_asks_in_a_thread_where_it_only_listens_is_told_there(talk, slack):
    await talk.set(mode=Mode.LISTEN)
    parent = await talk.says("Ben", "trips")

    await talk.asks("Alice", QUESTION, thread=parent)

    (notice,) = slack.whispers("general", "Alice")
    assert (notice.text, notice.thread_ts) == (LISTENING, parent.ts)


async def test_whom_slack_shows_nothing_alone_is_told_where_the_reply_would_stand(talk, slack):
    await talk.set(mode=Mode.LISTEN)
    slack.faults.error("user_not_in_channel", on="chat.postEphemeral")

    asked = await talk.asks("Alice", QUESTION)

    (notice,) = talk.messages()
    assert (notice.text, notice.thread_ts) == (LISTENING, asked.ts)


async def test_who_asks_where_it_is_off_hears_nothing_and_leaves_nothing(talk, slack):
    await talk.set(mode=Mode.OFF)

    await talk.asks("Alice", QUESTION)

    assert talk.posts() == []
    assert await talk.history() == []


async def test_where_it_is_off_slack_is_asked_nothing_of_what_is_said(talk, slack):
    await talk.set(mode=Mode.OFF)

    download = slack.faults.unavailable(on="GET /files/*")

    await talk.says("Alice", "my list", files=[("list.txt", b"milk")])

    assert (slack.asked("users.info"), download.num_met) == ([], 0)


async def test_who_opted_out_and_asks_is_reminded_of_it_once_and_alone(talk, slack):
    await talk.types("Alice", "privacy optout")

    for _ in range(2):
        await talk.asks("Alice", QUESTION)

    told = [one.text for one in slack.whispers("general", "Alice")]
    assert (told.count(OPTED_OUT), talk.posts()) == (1, [])
    assert all(text == "" for _, text in await talk.history())


@pytest.mark.parametrize("words", ["(silence)", "  "])
async def test_who_asks_and_gets_no_words_is_told_so(talk, words):
    talk.model.reply_text = words

    await talk.asks("Alice", QUESTION)

    assert talk.posts() == ["I have no answer to that."]


async def test_the_model_hears_no_slack_marks_and_writes_none(talk, slack):
    talk.model.reply_text = "Use `a < b && c > d`, **now** & later."

    await talk.asks("Alice", "is 1 &lt; 2 &amp; 3 &gt; 2?")

    assert "assistant is 1 < 2 & 3 > 2?" in "\n".join(talk.shown())
    (answer,) = talk.messages()
    assert "a &lt; b &amp;&amp; c &gt; d" in answer.text or "a < b && c > d" in answer.text
    assert (await talk.history())[-1] == ("Earshot", talk.model.reply_text)
