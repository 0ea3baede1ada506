"""Shadow mode: what it would have said at other eagerness, from what was decided, posting nothing."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import ModelBusy, ModelRefused, ModelUnavailable
from bot.messages import Mode
from bot.preview import Previewer
from tests.fakes import FakeModel
from tests.pipeline.scene import BEGINNING, LOUNGE, ME, Scene

# Without a calibration 20 speaks from P(speak) 0.80, 50 from 0.50 and 80 from 0.20.
SCORES = {"sure": 0.9, "likely": 0.6, "faint": 0.3, "chatter": 0.1}


def last_line(text):
    newest = text.splitlines()[-1]
    return max([p_speak for word, p_speak in SCORES.items() if word in newest], default=0.1)


@pytest.fixture
async def scene(store):
    """A channel in which it only listens, and scores all the same."""
    scene = Scene(store, FakeModel(p_speak=last_line))
    await scene.change(mode=Mode.LISTEN)
    return scene


async def preview(scene, **options):
    previewer = Previewer(scene.store, scene.model, ME, **options)
    return await previewer.preview(LOUNGE, since=BEGINNING)


def use(scene, kind):
    """Go on with a model of another kind."""
    scene.model = kind(p_speak=last_line)
    scene.restart()


def told(shown):
    return [(example.level, example.said.text, example.words) for example in shown.examples]


async def test_each_level_counts_what_it_would_have_answered(scene):
    for text in ("sure?", "likely?", "faint?", "chatter", "likely again?"):
        await scene.says("Ana", text)

    shown = await preview(scene)

    assert shown.num_spoken == {20: 1, 50: 3, 80: 4}
    assert (shown.num_scored, shown.num_unscored) == (5, 0)
    assert told(shown) == [
        (50, "likely again?", "Paris."),
        (80, "faint?", "Paris."),
        (50, "likely?", "Paris."),
        (20, "sure?", "Paris."),
    ]
    assert not shown.is_cut_short


async def test_nothing_is_posted_decided_or_changed(scene):
    await scene.says("Ana", "sure?")
    before = await scene.entries(), await scene.decisions()

    await preview(scene)

    assert (await scene.entries(), await scene.decisions()) == before
    assert scene.posts == []
    assert scene.platform.drafts == []


async def test_the_newest_five_are_shown(scene):
    for number in range(7):
        await scene.says("Ana", f"sure {number}?")

    shown = await preview(scene)

    assert [example.said.text for example in shown.examples] == [
        f"sure {number}?" for number in (6, 5, 4, 3, 2)
    ]
    assert shown.num_spoken[20] == 7


async def test_the_words_are_written_from_the_history_as_it_was(scene):
    await scene.says("Ana", "before")
    await scene.says("Ben", "sure?")
    await scene.says("Ana", "afterwards")

    await preview(scene)

    assert "before" in scene.prompt
    assert "sure?" in scene.prompt
    assert "afterwards" not in scene.prompt


async def test_what_it_did_say_is_shown_as_it_was_said(scene):
    await scene.change(mode=Mode.ACTIVE)
    await scene.says("Ana", "sure?")
    scene.model.reply_text = "Rome."

    shown = await preview(scene)

    assert scene.posts == ["Paris."]
    assert told(shown) == [(20, "sure?", "Paris.")]


async def test_what_was_said_to_it_is_no_matter_of_the_dial(scene):
    await scene.change(mode=Mode.MENTION)
    await scene.asks("Ana", "sure?")

    shown = await preview(scene)

    assert (shown.num_scored, shown.num_unscored, shown.examples) == (0, 0, ())


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.ACTIVE])
async def test_what_was_asked_is_none_of_it_where_it_stayed_unanswered(scene, mode):
    await scene.change(mode=mode)
    scene.model.reply_text = ""
    await scene.asks("Ana", "sure?")

    shown = await preview(scene)

    assert (shown.num_scored, shown.num_unscored) == (0, 0)


async def test_what_only_bots_said_is_none_of_it_where_they_are_not_answered(scene):
    await scene.says("Beepbot", "sure?")

    shown = await preview(scene)

    assert (shown.num_scored, shown.num_unscored) == (0, 0)


async def test_what_was_only_overheard_is_none_of_it(scene):
    await scene.pipeline.overhear(scene.message("Ana", "sure?"))

    shown = await preview(scene)

    assert (shown.num_scored, shown.num_unscored) == (0, 0)
    assert await scene.decisions() == [("silent", "overheard")]


async def test_decisions_without_a_score_are_counted_apart(scene):
    scene.model.failure = ModelUnavailable("loading")
    await scene.says("Ana", "sure?")
    scene.model.failure = None
    await scene.says("Ana", "sure enough?")

    shown = await preview(scene)

    assert (shown.num_scored, shown.num_unscored) == (1, 1)


async def test_scores_of_another_model_are_not_held_against_this_ones_dial(scene):
    await scene.says("Ana", "sure?")
    scene.model.adapter = "tuned"

    shown = await preview(scene)

    assert (shown.num_scored, shown.num_unscored) == (0, 1)


async def test_the_time_before_is_left_out(scene):
    await scene.says("Ana", "sure?")
    previewer = Previewer(scene.store, scene.model, ME)

    shown = await previewer.preview(LOUNGE, since=scene.now + timedelta(minutes=1))

    assert (shown.num_scored, shown.num_unscored) == (0, 0)


async def test_who_opted_out_and_what_was_deleted_is_not_quoted(scene):
    await scene.says("Ana", "sure, this is mine?")
    await scene.says("Ben", "sure, deleted?", id="gone")
    await scene.says("Cem", "likely?")
    await scene.store.speakers.opt_out(
        LOUNGE.platform, LOUNGE.workspace, scene.message("Ana", "").author
    )
    await scene.store.messages.delete(LOUNGE, "gone", at=scene.now)

    shown = await preview(scene)

    assert told(shown) == [(50, "likely?", "Paris.")]
    assert shown.num_spoken[20] == 2
    assert "mine" not in scene.prompt


@pytest.mark.parametrize(
    "failure", [ModelBusy("full", retry_after_s=1.0), ModelUnavailable("gone"), ModelRefused("no")]
)
async def test_a_model_that_will_not_write_leaves_the_counts(scene, failure):
    class Wordless(FakeModel):
        async def reply(self, turns, *, session):
            raise failure
            yield

    use(scene, Wordless)
    await scene.says("Ana", "sure?")
    await scene.says("Ana", "likely?")

    shown = await preview(scene)

    assert shown.num_spoken == {20: 1, 50: 2, 80: 2}
    assert told(shown) == [(50, "likely?", None), (20, "sure?", None)]
    assert shown.is_cut_short


async def test_words_that_take_too_long_are_done_without(scene):
    class Slow(FakeModel):
        async def reply(self, turns, *, session):
            if "likely" in turns[-2]["content"]:
                await asyncio.Event().wait()
            yield "Paris."

    use(scene, Slow)
    for text in ("sure?", "likely?", "sure enough?"):
        await scene.says("Ana", text)

    shown = await preview(scene, writing_timeout_s=0.05)

    assert told(shown) == [
        (20, "sure enough?", "Paris."),
        (50, "likely?", None),
        (20, "sure?", None),
    ]
    assert shown.is_cut_short


async def test_a_history_too_long_for_the_model_is_cut(scene):
    class Small(FakeModel):
        async def reply(self, turns, *, session):
            self.asked.append(list(turns))
            if sum(len(turn["content"]) for turn in turns) > 300:
                raise ModelRefused("too long")
            yield "Paris."

    use(scene, Small)
    for number in range(20):
        await scene.says("Ana", f"chatter number {number}")
    await scene.says("Ben", "sure?")

    shown = await preview(scene)

    assert told(shown) == [(20, "sure?", "Paris.")]
    assert "chatter number 19" in scene.prompt
    assert "chatter number 0" not in scene.prompt


async def test_the_budget_of_the_model_is_kept_without_asking(scene):
    for number in range(20):
        await scene.says("Ana", f"chatter number {number}")
    await scene.says("Ben", "sure?")
    scene.model.max_prompt_tokens = 100
    scene.model.asked.clear()

    await preview(scene)

    (turns,) = scene.model.asked
    assert 20 < sum(len(turn["content"]) for turn in turns) < 400


async def test_the_session_of_the_conversation_is_left_alone(scene):
    sessions = []

    class Watched(FakeModel):
        async def reply(self, turns, *, session):
            sessions.append(session)
            yield "Paris."

    use(scene, Watched)
    await scene.says("Ana", "sure?")

    await preview(scene)

    assert sessions == ["preview/local/lounge"]
