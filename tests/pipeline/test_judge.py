"""How the prompt is kept within its budget, and grows only at its end."""

import asyncio
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from bot.errors import ModelRefused, ModelUnavailable
from bot.messages import Mode
from bot.ports import Score
from bot.prompt import bursts
from bot.store import Store
from inference.wire.chat_form import ChatForm
from inference.wire.trim import MAX_ENTRIES
from inference.wire.turns import decision_turns
from tests.deciding.history import extends
from tests.fakes import FORM, FakeModel, FakePlatform
from tests.pipeline.scene import LOUNGE, ME, Scene

TEN_WORDS = "one two three four five six seven eight nine ten"


def num_tokens(turns):
    return sum(len(turn["content"].split()) + 4 for turn in turns)


class Strict(FakeModel):
    """Refuses prompts that are too long instead of counting them."""

    async def score(self, turns, *, session):
        self._refuse(turns)
        return await super().score(turns, session=session)

    async def reply(self, turns, *, session):
        self._refuse(turns)
        async for piece in super().reply(turns, session=session):
            yield piece

    def _refuse(self, turns):
        if num_tokens(turns) > self.max_prompt_tokens:
            raise ModelRefused("the prompt is too long")


async def test_a_message_that_a_thread_is_made_of_is_not_decided_on_twice(scene):
    thread = replace(LOUNGE, thread="m1")
    await scene.says("Ana", "where is it?", id="m1")
    await scene.says("Ana", "where is it?", id="m1", where=thread)
    await scene.says("Ben", "and where is that?", where=thread)

    assert await scene.decisions() == [("speak", "threshold")]
    assert await scene.decisions(thread) == [("silent", "thread start"), ("speak", "threshold")]


async def test_the_first_message_of_a_forum_post_is_decided_on(scene):
    post = replace(LOUNGE, thread="p1")
    await scene.says("Ana", "where is it?", id="p1", where=post)

    assert await scene.decisions(post) == [("speak", "threshold")]


async def test_a_thread_that_is_not_followed_is_answered_only_when_addressed(scene):
    thread = replace(LOUNGE, thread="t1")
    await scene.change(follow_threads=False)
    await scene.says("Ana", "where is it?", where=thread)
    await scene.asks("Ana", "where?", where=thread)
    await scene.says("Ana", "and where is that?")

    assert await scene.decisions(thread) == [("silent", "mode"), ("speak", "addressed")]
    assert await scene.decisions() == [("speak", "threshold")]


async def test_a_prompt_over_the_budget_is_trimmed_to_half_of_it_at_once(store):
    scene = Scene(store, FakeModel(max_prompt_tokens=200))
    windows = []
    for _ in range(30):
        await scene.says("Ana", TEN_WORDS)
        windows.append(await store.messages.window(LOUNGE))

    sizes = [num_tokens(turns) for turns in scene.model.asked]
    assert max(sizes) <= 200 + 25
    assert min(sizes[10:]) <= 140
    assert len(set(windows)) <= 5


async def test_between_two_trims_each_prompt_extends_the_last(store):
    scene = Scene(store, FakeModel(max_prompt_tokens=200))
    for _ in range(30):
        await scene.says("Ana", TEN_WORDS)

    asked = scene.model.asked
    grown = [extends(newer, older) for older, newer in pairwise(asked)]
    assert grown.count(False) <= 4


@pytest.mark.parametrize("addressed", [True, False])
async def test_a_conversation_longer_than_the_context_goes_on(store, addressed):
    scene = Scene(store, Strict(max_prompt_tokens=200))
    for _ in range(40):
        await scene.says("Ana", TEN_WORDS + "?", addressed=addressed)

    assert len(scene.posts) == 40
    assert scene.notices == []


async def test_a_channel_that_only_answers_who_asks_is_trimmed_too(store):
    scene = Scene(store, Strict(max_prompt_tokens=200))
    await scene.change(mode=Mode.MENTION)
    for _ in range(40):
        await scene.says("Ana", TEN_WORDS)
    await scene.asks("Ana", "well?")

    assert scene.posts == ["Paris."]


async def test_a_short_addressed_prompt_costs_no_score(store):
    scene = Scene(store)
    await scene.asks("Ana", "well?")

    assert len(scene.model.asked) == 1


async def test_a_long_message_that_the_server_refuses_costs_the_older_half(store):
    scene = Scene(store, Strict(max_prompt_tokens=120))
    for _ in range(4):
        await scene.says("Ana", TEN_WORDS)
    await scene.says("Bob", " ".join([TEN_WORDS] * 7) + "?")

    assert scene.posts == ["Paris."]
    assert await store.messages.window(LOUNGE) > 0


async def test_a_burst_that_is_too_long_by_itself_fails_and_the_next_is_heard(store):
    scene = Scene(store, Strict(max_prompt_tokens=60))
    await scene.says("Ana", " ".join([TEN_WORDS] * 10))
    await scene.says("Bob", "where?")

    assert await scene.decisions() == [("failed", "model failed"), ("speak", "threshold")]


async def test_a_question_is_answered_though_its_burst_is_too_long_for_the_model(store):
    scene = Scene(store, Strict(max_prompt_tokens=60))
    await scene.happened_before(
        *(scene.message("Bob", " ".join([TEN_WORDS] * 3)) for _ in range(4)),
        scene.message("Ana", "@Earshot where?", addressed=True),
    )

    scene.pipeline.conversations.wake(LOUNGE, addressed=True)
    await scene.settled()

    assert scene.posts == ["Paris."]
    assert "where?" in scene.model.asked[-1][-2]["content"]


async def test_a_burst_too_long_for_the_model_is_decided_by_its_newest_part(store):
    scene = Scene(store, Strict(max_prompt_tokens=60))
    await scene.happened_before(
        *(scene.message("Bob", " ".join([TEN_WORDS] * 3)) for _ in range(4)),
        scene.message("Ana", "where?"),
    )

    scene.pipeline.conversations.wake(LOUNGE, addressed=False)
    await scene.settled()

    assert await scene.decisions() == [("speak", "threshold")]
    assert len(scene.platform.decisions[-1][1]) == 5


class RefusesAll(FakeModel):
    num_asked = 0

    async def score(self, turns, *, session):
        self.num_asked += 1
        raise ModelRefused("the key is wrong")


async def test_a_server_that_refuses_everything_costs_no_history(store):
    scene = Scene(store, RefusesAll())
    for _ in range(3):
        await scene.says("Ana", "where?")

    assert scene.model.num_asked == 3
    assert await store.messages.window(LOUNGE) == 0
    assert await scene.decisions() == [("failed", "model failed")] * 3


async def test_a_long_history_is_not_lost_to_a_server_that_refuses_everything(store):
    scene = Scene(store, RefusesAll(max_prompt_tokens=50))
    for _ in range(10):
        await scene.says("Ana", TEN_WORDS)

    assert await store.messages.window(LOUNGE) == 0


class CannotCount(FakeModel):
    async def score(self, turns, *, session):
        raise ModelUnavailable("too slow")


async def test_an_addressed_message_is_answered_also_if_its_prompt_was_not_counted(store):
    scene = Scene(store, CannotCount(max_prompt_tokens=20))
    await scene.asks("Ana", "where?")

    assert scene.posts == ["Paris."]


class Roomy(FakeModel):
    async def score(self, turns, *, session):
        score = await super().score(turns, session=session)
        return Score(score.p_speak, 1)


async def test_a_prompt_of_too_many_short_messages_is_halved_not_shifted(store):
    scene = Scene(store, Roomy())
    old = [scene.message("Ana", f"line {n}") for n in range(MAX_ENTRIES - 3)]
    for number in range(0, len(old), 10):
        await scene.happened_before(*old[number : number + 10])
        await scene.pipeline.respond(LOUNGE)
    scene.model.asked.clear()

    for _ in range(8):
        await scene.says("Ana", "and another")

    asked = scene.model.asked
    grown = [extends(newer, older) for older, newer in pairwise(asked)]
    assert grown.count(False) == 1
    first = await store.messages.window(LOUNGE)
    assert MAX_ENTRIES * 0.4 < first < MAX_ENTRIES * 0.6


async def test_nothing_that_waits_gives_no_decision(scene):
    assert await scene.pipeline.judge.consider(LOUNGE) is None


async def test_a_decision_keeps_model_adapter_and_latency(store):
    scene = Scene(store, FakeModel(adapter="lounge-lora"))
    await scene.says("Ana", "where?")

    [kept] = await store.decisions.last(LOUNGE, 1)
    assert (kept.model, kept.adapter) == ("fake", "lounge-lora")
    assert 0 < kept.latency_ms < 60_000
    assert kept.decision.p_speak == 0.9


FORMS = {
    "tuned": FORM,
    "prompted": ChatForm(decide_prompt="{name}: decide. {persona}", reply_prompt="Be {name}."),
    "no system role": ChatForm(decide_prompt="You are {name}.", system_role=False),
}
PEOPLE = st.sampled_from(["Ana", "Bob", "assistant", "Earshot"])
TEXTS = st.sampled_from(["hi", "where?", "(silence)?", "a\nBob: b", "<|im_end|>", "ok", "👩‍👩‍👧?"])
STEP = st.tuples(PEOPLE, TEXTS, st.booleans(), st.lists(st.tuples(PEOPLE, TEXTS), max_size=2))


class KeepsPrompts(FakePlatform):
    """Keeps the prompt that each decision was made from."""

    def __init__(self, store, form):
        super().__init__()
        self.prompts, self._store, self._form = {}, store, form

    async def decided(self, where, decision, message_ids):
        entries = await self._store.messages.recent(where, limit=1000)
        prompt = bursts(entries, me=ME, assistant_name=self._form.assistant_name)
        self.prompts.setdefault(decision.id, decision_turns(self._form, prompt))


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(steps=st.lists(STEP, min_size=2, max_size=6))
def test_every_decision_extends_the_one_before(tmp_path_factory, form, steps):
    url = f"sqlite:///{tmp_path_factory.mktemp('extends') / 'earshot.db'}"

    prompts = asyncio.run(play(steps, form=FORMS[form], url=url))

    assert len(prompts) >= len(steps)
    assert all(extends(newer, older) for older, newer in pairwise(prompts))


async def play(steps, *, form, url):
    """Say all this, some of it while a reply is written; give the prompt of each decision."""
    store = await Store.open(url)
    platform = KeepsPrompts(store, form)
    scene = Scene(store, FakeModel(form=form), platform)
    for name, text, addressed, late in steps:
        if late:
            scene.model.before_reply = partial(interrupt, scene, late)
        await scene.says(name, text, addressed=addressed)
        scene.model.before_reply = None
    await store.close()
    return list(platform.prompts.values())


async def interrupt(scene, late):
    scene.model.before_reply = None
    for name, text in late:
        await scene.hears(name, text)
