"""privacy: what the answers promise is what the store keeps."""

from datetime import timedelta

from bot.messages import FeedbackKind
from tests.commands.conftest import ANA, BEN, NOW, WHERE, Channel, silent


async def texts(channel: Channel) -> list[str]:
    return [entry.text for entry in await channel.store.messages.recent(WHERE, limit=100)]


async def test_show_says_what_is_stored_and_for_how_long(channel: Channel) -> None:
    await channel.says(ANA, "one", minutes_ago=2 * 24 * 60)
    await channel.says(ANA, "two")
    await channel.says(BEN, "not hers")

    answer = await channel.run("privacy show")

    assert answer.ephemeral
    assert answer.text.splitlines() == [
        "I store 2 messages of yours, written between 2026-03-02 and 2026-03-04: the text, your "
        "name and the time, and for each whether I spoke and why.",
        "Messages here are kept until somebody deletes them. No model may be "
        "trained on messages of this channel.",
        "/assistant privacy optout stops it, /assistant privacy forget-me deletes it.",
    ]


async def test_show_says_so_when_nothing_is_stored(channel: Channel) -> None:
    answer = await channel.run("privacy show")

    assert answer.text.startswith("I store no messages of yours.\n")


async def test_show_tells_of_opinions_which_go_with_the_rest(channel: Channel) -> None:
    for command in ("privacy forget-me", "privacy optout"):
        await thinks_of_a_reply(channel)
        before = await channel.run("privacy show")

        answer = await channel.run(command)
        after = await channel.run("privacy show")

        assert before.text.splitlines()[1] == (
            "I also keep 1 opinion of yours on my replies, under your user id: a reaction, or that "
            "you removed one."
        )
        assert "your opinions on my replies" in answer.text
        assert "opinion" not in after.text


async def thinks_of_a_reply(channel: Channel) -> None:
    await channel.says(BEN, "hm")
    await channel.decides(silent())
    (kept,) = await channel.store.decisions.last(WHERE, 1)
    await channel.store.feedback.give(WHERE, kept.id, FeedbackKind.LIKED, author_id=ANA.id, at=NOW)


async def test_show_tells_of_training_where_the_channel_allows_it(channel: Channel) -> None:
    await channel.store.channels.change(WHERE, may_train=True)

    answer = await channel.run("privacy show")

    assert "Whoever runs me may train the model on messages of this channel." in answer.text


async def test_optout_deletes_the_text_and_keeps_none_from_then_on(channel: Channel) -> None:
    await channel.says(ANA, "mine")
    await channel.says(BEN, "his")

    answer = await channel.run("privacy optout")
    await channel.says(ANA, "mine again")

    assert await texts(channel) == ["", "his", ""]
    assert answer.text.startswith(
        "You are opted out: the text of 1 message of yours is deleted, and so are your opinions on "
    )
    shown = await channel.run("privacy show")
    assert shown.text.startswith("You opted out: I note that you write, and when, but never what.")


async def test_optin_stores_again_but_brings_nothing_back(channel: Channel) -> None:
    await channel.says(ANA, "before")
    await channel.run("privacy optout")

    answer = await channel.run("privacy optin")
    await channel.says(ANA, "said while out, told late", minutes_ago=1)
    await channel.says(ANA, "after", minutes_ago=0)

    assert await texts(channel) == ["", "", "after"]
    assert answer.text.startswith("You are opted in: from now on I store what you write here.")


async def test_forget_me_deletes_text_and_name_but_not_the_decisions(channel: Channel) -> None:
    await channel.says(ANA, "mine")
    await channel.decides(silent())

    answer = await channel.run("privacy forget-me")

    (entry,) = await channel.store.messages.recent(WHERE, limit=10)
    assert (entry.text, entry.author.name) == ("", "")
    assert len(await channel.store.decisions.last(WHERE, 5)) == 1
    assert answer.text.startswith(
        "I deleted the text of 1 message of yours, your name, and your opinions "
    )
    assert "I store what you write from now on, unless" in answer.text


async def test_forget_me_keeps_an_opt_out(channel: Channel) -> None:
    await channel.run("privacy optout")

    answer = await channel.run("privacy forget-me")

    assert answer.text.startswith("I deleted the text of no messages of yours")
    assert answer.text.endswith("You stay opted out.")
    assert await channel.store.speakers.is_opted_out(WHERE.platform, WHERE.workspace, ANA.id)


async def test_retention_deletes_what_is_older_at_once(channel: Channel) -> None:
    await channel.says(BEN, "old", minutes_ago=10 * 24 * 60)
    await channel.says(BEN, "new")

    answer = await channel.run("privacy retention 7")

    assert answer.text == "Messages here are deleted after 7 days."
    assert await texts(channel) == ["new"]
    shown = await channel.run("privacy retention")
    assert shown.text == f"{answer.text} That is this channel's own choice."


async def test_retention_of_nought_or_off_keeps_messages(channel: Channel) -> None:
    for word in ("0", "off"):
        await channel.run("privacy retention 1")

        answer = await channel.run(f"privacy retention {word}")

        assert answer.text == "Messages here are kept until somebody deletes them."
        assert (await channel.store.channels.settings(WHERE)).retention_days is None


async def test_retention_is_for_managers_and_everyone_may_look(channel: Channel) -> None:
    refused = await channel.run("privacy retention 1", may_manage=False, may_manage_workspace=False)
    shown = await channel.run(
        "privacy retention",
        may_manage=False,
        may_manage_workspace=False,
        now=NOW + timedelta(days=1),
    )

    assert refused.text.startswith("Only people who may manage this channel can ")
    assert shown.text.startswith("Messages here are kept until somebody deletes them.")


async def test_training_is_forbidden_until_a_manager_allows_it(channel: Channel) -> None:
    before = await channel.run("privacy training")
    refused = await channel.run("privacy training on", may_manage=False, may_manage_workspace=False)
    allowed = await channel.run("privacy training on")

    assert before.text == (
        "No model may be trained on messages of this channel. That is the default here."
    )
    assert "Only people who may manage this channel" in refused.text
    assert allowed.text.startswith("Whoever runs me may train the model on messages of this ch")
    assert not allowed.ephemeral
    assert (await channel.store.channels.settings(WHERE)).may_train


async def test_training_can_be_forbidden_again(channel: Channel) -> None:
    await channel.run("privacy training on")

    answer = await channel.run("privacy training off")

    assert "is not undone" in answer.text
    assert not (await channel.store.channels.settings(WHERE)).may_train
