"""What an export for training reads: allowed channels alone, and nobody's words who opted out."""

from dataclasses import replace

from bot.messages import workspace_key
from bot.store import Store
from tests.store.samples import ANN, BEN, EARSHOT, ROOM, START, THREAD, message


async def test_only_channels_that_allow_it_are_listed_with_their_threads(store: Store) -> None:
    elsewhere = replace(ROOM, channel="hall")
    for where in (ROOM, THREAD, elsewhere):
        await store.messages.record(message(conversation=where))

    assert await store.training.conversations() == []
    await store.channels.change(ROOM, may_train=True)
    await store.channels.change(elsewhere, may_train=False)

    assert await store.training.conversations() == [ROOM, THREAD]
    assert [entry.text for entry in await store.training.entries(THREAD)] == ["Hello"]
    assert await store.training.entries(elsewhere) == []


async def test_a_workspace_may_allow_it_for_all_but_the_channels_that_do_not(store: Store) -> None:
    elsewhere = replace(ROOM, channel="hall")
    for where in (ROOM, THREAD, elsewhere, replace(ROOM, workspace="office")):
        await store.messages.record(message(conversation=where))

    await store.channels.change(workspace_key("room", "home"), may_train=True)
    await store.channels.change(elsewhere, may_train=False)

    assert await store.training.conversations() == [ROOM, THREAD]
    assert await store.training.entries(elsewhere) == []


async def test_what_opted_out_people_wrote_is_hidden_and_without_text(store: Store) -> None:
    await store.channels.change(ROOM, may_train=True)
    await store.messages.record(message("m1", "mine", ANN, attachments=("a.png",)))
    await store.messages.record(message("m2", "his", BEN))
    await store.speakers.opt_out("room", "home", ANN)

    entries = await store.training.entries(ROOM)

    assert [(one.text, one.hidden, one.attachments) for one in entries] == [
        ("", True, ()),
        ("his", False, ()),
    ]


async def test_everybody_of_the_workspace_is_listed_but_not_the_forgotten(store: Store) -> None:
    for number, author in enumerate((ANN, BEN, EARSHOT)):
        await store.messages.record(message(f"m{number}", "x", author))
    await store.speakers.forget("room", "home", BEN.id, at=START)

    assert await store.training.people("room", "home") == [ANN, EARSHOT]
    assert await store.training.people("room", "office") == []
