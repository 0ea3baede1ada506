"""What people think of replies is kept once, told by channel, and forgotten with what it is about."""

from dataclasses import replace

from bot.messages import Action, Decision, Feedback, FeedbackKind, Rule
from bot.store import Store
from tests.store.samples import ANN, BEN, ROOM, START, THREAD, kept_with, later, message

LIKED, DISLIKED = FeedbackKind.LIKED, FeedbackKind.DISLIKED
LIVELY = Decision(Action.SPEAK, Rule.THRESHOLD, "0.80 is over 0.50", 0.8, 0.5)


async def _decided(store: Store, where=ROOM) -> int:
    await store.messages.record(message(conversation=where))
    entry = (await store.messages.recent(where, limit=1))[-1]
    return (await store.decisions.keep(where, [entry.row], LIVELY, **kept_with())).id


async def _give(store: Store, decision_id: int, kind=LIKED, author=ANN, **more) -> bool:
    fields = {"where": ROOM, "at": START} | more
    where = fields.pop("where")
    return await store.feedback.give(where, decision_id, kind, author_id=author.id, **fields)


async def test_a_person_s_opinion_of_a_reply_is_kept_once(store: Store) -> None:
    decision_id = await _decided(store)

    assert await _give(store, decision_id)
    assert not await _give(store, decision_id, at=later(1))
    assert await _give(store, decision_id, DISLIKED, at=later(2))
    assert await _give(store, decision_id, author=BEN, at=later(3))

    behind = {"decision_id": decision_id, "model": "m-7b", "adapter": None}
    assert await store.feedback.received(ROOM, since=START) == [
        Feedback(LIKED, Rule.THRESHOLD, 0.8, START, author_id=ANN.id, **behind),
        Feedback(DISLIKED, Rule.THRESHOLD, 0.8, later(2), author_id=ANN.id, **behind),
        Feedback(LIKED, Rule.THRESHOLD, 0.8, later(3), author_id=BEN.id, **behind),
    ]


async def test_an_opinion_can_be_taken_back(store: Store) -> None:
    decision_id = await _decided(store)
    await _give(store, decision_id)

    assert await store.feedback.take_back(decision_id, LIKED, author_id=ANN.id)
    assert not await store.feedback.take_back(decision_id, LIKED, author_id=ANN.id)

    assert await store.feedback.received(ROOM, since=START) == []


async def test_a_channel_s_feedback_is_that_of_its_threads_too(store: Store) -> None:
    for where in (ROOM, THREAD, replace(ROOM, channel="hall")):
        await _give(store, await _decided(store, where), where=where)

    for where in (ROOM, THREAD):
        assert len(await store.feedback.received(where, since=START)) == 2


async def test_feedback_of_earlier_times_is_left_out(store: Store) -> None:
    decision_id = await _decided(store)
    await _give(store, decision_id)

    assert await store.feedback.received(ROOM, since=later(1)) == []


async def test_feedback_on_what_is_not_decided_there_is_not_kept(store: Store) -> None:
    decision_id = await _decided(store)

    assert not await _give(store, decision_id, where=replace(ROOM, channel="hall"))
    assert not await _give(store, decision_id + 1)


async def test_feedback_goes_with_its_decision(store: Store) -> None:
    await _give(store, await _decided(store))

    await store.messages.clear(ROOM)

    assert await store.feedback.received(ROOM, since=START) == []


async def test_feedback_goes_with_a_decision_that_is_taken_back(store: Store) -> None:
    await _give(store, await _decided(store))

    assert await store.decisions.reopen("room", since=START) == 1

    assert await store.feedback.received(ROOM, since=START) == []


async def test_a_forgotten_person_s_feedback_is_removed_in_that_workspace(store: Store) -> None:
    there = replace(ROOM, workspace="office")
    for where in (ROOM, there):
        decision_id = await _decided(store, where)
        for author in (ANN, BEN):
            await _give(store, decision_id, author=author, where=where)

    await store.speakers.forget("room", "home", ANN.id, at=START)

    assert len(await store.feedback.received(ROOM, since=START)) == 1
    assert len(await store.feedback.received(there, since=START)) == 2


async def test_feedback_of_some_kinds_is_cleared_whoever_gave_it(store: Store) -> None:
    decision_id = await _decided(store)
    for author in (ANN, BEN):
        await _give(store, decision_id, author=author)
    await _give(store, decision_id, kind=FeedbackKind.REMOVED)

    assert await store.feedback.clear(decision_id, [FeedbackKind.LIKED]) == 2

    (left,) = await store.feedback.received(ROOM, since=START)
    assert left.kind is FeedbackKind.REMOVED


async def test_who_opts_out_takes_their_feedback_along_and_gives_none(store: Store) -> None:
    decision_id = await _decided(store)
    for author in (ANN, BEN):
        await _give(store, decision_id, author=author)

    await store.speakers.opt_out("room", "home", ANN)
    assert len(await store.feedback.received(ROOM, since=START)) == 1
    assert not await _give(store, decision_id, DISLIKED)

    await store.speakers.opt_in("room", "home", ANN.id, at=START)
    assert await _give(store, decision_id, DISLIKED)


async def test_an_opt_out_elsewhere_keeps_nobody_from_giving_feedback(store: Store) -> None:
    await store.speakers.opt_out("room", "office", ANN)

    assert await _give(store, await _decided(store))


async def test_a_person_s_feedback_is_counted_also_of_one_who_never_spoke(store: Store) -> None:
    decision_id = await _decided(store)
    for kind in (LIKED, DISLIKED):
        await _give(store, decision_id, kind, author=BEN)
    elsewhere = replace(ROOM, workspace="office")
    await _give(store, await _decided(store, elsewhere), where=elsewhere)

    assert (await store.speakers.stored("room", "home", BEN.id)).num_opinions == 2
    assert (await store.speakers.stored("room", "home", ANN.id)).num_opinions == 0
