import pytest
import torch

from inference.chat_forms import fitted
from inference.tune.evaluation.facts import Fact, answered, facts
from inference.tune.evaluation.files import Reading, read_files
from inference.tune.evaluation.local import LocalChoice, judge_of, local_judge
from inference.tune.evaluation.replies import (
    MAX_REPLIES,
    before_marker,
    has_loop,
    has_marker,
    is_empty,
    judged_generations,
    judged_replies,
)
from inference.tune.evaluation.window import Naming
from inference.tune.evaluation.writing import Likelihood, Writer
from inference.wire.chat_form import ChatForm
from inference.wire.turns import Burst, Line, reply_turns
from tests.evaluate.odd_chats import long_chat

CHAT = [
    ("Ana", "hello"),
    ("Ben", "Earshot, when is lunch?"),
    (None, "At noon."),
    ("Ana", "who cooks?"),
    (None, "Chiara does."),
]


class Unwatched:
    def __init__(self):
        self.done = []

    def doing(self, what, *, total=None):
        self.done.append([what, total, 0])

    def advance(self, num):
        self.done[-1][2] += num


def read(*paths):
    return read_files(paths, Reading(Naming()))


@pytest.fixture
def judge(tiny_model):
    return judge_of(tiny_model)


@pytest.mark.parametrize("text", ["", "  \n", "...", "?!"])
def test_a_reply_without_a_word_is_empty(text):
    assert is_empty(text)


@pytest.mark.parametrize(
    ("text", "goes_round"),
    [
        ("the cat sat on the mat", False),
        ("I know that I know that I know that I know that", True),
        ("one two three four, one two three four, one two three four", True),
        ("hahahahahahaha", True),
        ("東京は日本の首都です。東京は日本の首都です。東京は日本の首都です。", True),
        ("Item one is here.\nItem two is here.\nItem three is there.", False),
        ("----------------", False),
    ],
)
def test_words_that_come_again_and_again_are_a_loop(text, goes_round):
    assert has_loop(text) is goes_round


@pytest.mark.parametrize(
    ("text", "found"),
    [("Paris (silence)", True), ("[ Response", True), ("a silence, a response", False)],
)
def test_a_marker_is_found_in_any_dress(text, found):
    assert has_marker(text) is found


def test_what_stands_behind_a_marker_is_never_posted():
    assert before_marker("Paris. (response) Rome") == "Paris."
    assert before_marker("Paris.") == "Paris."


def test_an_answer_is_right_if_it_holds_an_accepted_one_as_whole_words():
    fact = Fact("what is the capital of Italy?", ("Rome", "Roma"))

    assert fact.is_answered_by("It is rome, of course.")
    assert not fact.is_answered_by("Romeo lived in Verona.")


def test_there_are_sixty_questions_each_once_and_none_holds_its_answer():
    known = facts()

    assert len({fact.question for fact in known}) == 60
    for fact in known:
        assert not fact.is_answered_by(fact.question), fact.question


def test_a_question_is_put_to_the_assistant_by_name():
    (burst,) = Fact("who wrote 1984?", ("Orwell",)).asked("assistant")

    assert burst.lines == (Line("Ana", "assistant, who wrote 1984?"),)


def test_answers_are_told_with_whether_they_are_right():
    known = [Fact("a?", ("yes",)), Fact("b?", ("no",))]

    assert [one.right for one in answered(known, lambda _: "yes")] == [True, False]


def test_a_given_reply_is_as_likely_as_the_model_says_token_by_token(judge):
    fit = fitted(ChatForm(decide_prompt="Speak when needed."), judge.tokenizer)
    judge.form, judge.renderer = fit.form, fit.renderer
    bursts = [Burst((Line("Ana", "hello"),)), Burst((Line("Ben", "lunch?"),), "At noon.")]

    found = Writer(judge).likelihood(bursts)

    turns = reply_turns(judge.form, bursts)
    begun = judge.renderer.render(turns, continue_final_message=True)
    turns[-1]["content"] += " At noon."
    ids = judge.renderer.render(turns, continue_final_message=True)
    with torch.inference_mode():
        logprobs = judge.model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    expected = [-float(logprobs[at - 1, ids[at]]) for at in range(len(begun), len(ids))]
    assert ids[: len(begun)] == begun
    assert found == Likelihood(len(expected), pytest.approx(sum(expected), rel=1e-4))


def test_likelihoods_add_up_and_none_is_of_nothing():
    assert (Likelihood(2, 1.0) + Likelihood(2, 3.0)).perplexity == pytest.approx(2.718, abs=1e-3)
    assert Likelihood().perplexity is None


def test_replies_are_written_to_direct_questions_and_all_due_ones_count(judge, write, monkeypatch):
    monkeypatch.setattr("inference.tune.evaluation.replies.facts", lambda: facts()[:2])
    watcher = Unwatched()

    told = judged_replies(judge, read(write(CHAT), write([("Ana", "hi")], name="idle")), watcher)

    chats, idle = told.files
    assert [one.asked for one in chats.written] == ["Ben: assistant, when is lunch?"]
    assert chats.clean_share in (0.0, 1.0)
    assert chats.likelihood.num_tokens > 5
    assert (idle.clean_share, idle.likelihood.perplexity) == (None, None)
    assert 0 <= told.fact_share <= 1
    assert all(total == done for _, total, done in watcher.done)


def test_of_many_direct_questions_the_same_some_are_answered(judge, write, monkeypatch):
    monkeypatch.setattr("inference.tune.evaluation.replies.facts", lambda: facts()[:1])
    monkeypatch.setattr(Writer, "reply", lambda self, bursts, max_tokens: bursts[-1].lines[0].text)
    conversations = read(write(*[[("Ana", f"assistant, {n}?"), (None, "Yes.")] for n in range(99)]))

    once, again = (judged_replies(judge, conversations, Unwatched()) for _ in range(2))

    assert len(once.files[0].written) == MAX_REPLIES
    assert once == again


def test_generations_count_both_markers_and_nothing_else(judge, write, monkeypatch):
    answers = iter(["(silence)", "(response) At noon.", "(response)", "Hello! (silence)"])
    monkeypatch.setattr(Writer, "answer", lambda self, bursts: next(answers))
    conversations = read(write([("Ana", f"message {number}") for number in range(9)]))

    (counted,) = judged_generations(judge, conversations, 4, Unwatched())

    assert (counted.num, counted.num_silence, counted.num_response) == (4, 1, 1)
    assert counted.well_formed_share == 0.5


def test_a_model_begins_answers_of_its_own(judge):
    text = Writer(judge).answer([Burst((Line("Ana", "hello"),))])

    assert isinstance(text, str)


def test_a_prompt_to_write_from_fits_the_context(judge, write):
    (shown,) = read(write(long_chat(80, words=3)))[0].shown

    bursts = Writer(judge).in_context(shown, 79)

    assert 0 < len(bursts) < 80
    assert bursts[-1].lines[0].text.startswith("w79x")


@pytest.mark.usefixtures("default_folder")
def test_the_default_model_prompted_knows_the_capital_of_france():
    judge = local_judge(LocalChoice(prompted=True))
    (fact,) = [fact for fact in facts() if "France" in fact.question]

    text = Writer(judge).reply(fact.asked(judge.form.assistant_name), max_tokens=24)

    assert fact.is_answered_by(text)
    assert not has_loop(text)
